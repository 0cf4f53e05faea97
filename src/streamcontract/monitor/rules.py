"""Rules: what ties events to each other and to the request (section 5)."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from streamcontract.contract.expressions import EvaluationError, Expression
from streamcontract.contract.model import Collector, Rule
from streamcontract.contract.schemas import shorten
from streamcontract.monitor.slices import KEY_LIMIT, as_key

__all__ = ["Gathered", "RuleFault", "RuleWatch", "values_read"]

GATHER_LIMIT = 16 * 1024 * 1024
"""Bytes that `join` or `distinct` may gather for one rule: what a client that stores the answer would hold, too."""

PATH = re.compile(r"\b(?:data|previous|request|response|last)(?:\.[A-Za-z_]\w*)+(?!\w*\()|\b[A-Za-z_]\w*\b(?!\s*\()")


class GatherLimitError(Exception):
    """More was to be gathered than the limit allows."""


class RuleFault(msgspec.Struct, frozen=True):
    """One time that a rule does not hold."""

    message: str


class Budget:
    """How much a rule may still gather, for all of its keys together."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = GATHER_LIMIT

    def take(self, size: int) -> None:
        """Raises GatherLimitError when there is no more."""
        self.left -= size
        if self.left < 0:
            raise GatherLimitError


class Gathered:
    """What `collect` has gathered, by name; memory grows with `join` and `distinct` only, up to the limit."""

    __slots__ = ("_begun", "_budget", "_collectors", "_distinct", "_joined", "_values")

    def __init__(self, collectors: tuple[Collector, ...], budget: Budget | None = None) -> None:
        self._collectors = collectors
        self._budget = budget or Budget()
        self._values: dict[str, Any] = {c.name: 0 if c.verb in ("count", "sum") else None for c in collectors}
        self._joined: dict[str, list[str]] = {c.name: [] for c in collectors if c.verb == "join"}
        self._distinct: dict[str, dict[str, Any]] = {c.name: {} for c in collectors if c.verb == "distinct"}
        self._begun: set[str] = set()

    def values(self, names: frozenset[str]) -> dict[str, Any]:
        """What was gathered under those of the names that are ours."""
        found = {name: value for name, value in self._values.items() if name in names}
        for name, parts in self._joined.items():
            if name in names:
                parts[:] = ["".join(parts)]
                found[name] = parts[0]
        for name, members in self._distinct.items():
            if name in names:
                found[name] = list(members.values())
        return found

    def take(self, symbol: str, scope: Mapping[str, Any]) -> None:
        """Gather from one event. Raises GatherLimitError when that would be too much."""
        for collector in self._collectors:
            if symbol in collector.symbols and _holds(collector.where, scope):
                self._take(collector, scope)

    def _take(self, collector: Collector, scope: Mapping[str, Any]) -> None:
        if collector.value is None:
            self._values[collector.name] += 1
            return
        try:
            value = collector.value.evaluate(scope)
        except EvaluationError:
            return  # an event without the value adds nothing
        name = collector.name
        match collector.verb:
            case "join":
                text = value if isinstance(value, str) else as_key(value)
                self._budget.take(len(text.encode(errors="surrogatepass")))
                self._joined[name].append(text)
            case "distinct":
                key = as_key(value)
                if key not in self._distinct[name]:
                    self._budget.take(len(key))
                    self._distinct[name][key] = value
            case "first":
                if name not in self._begun:
                    self._begun.add(name)
                    self._values[name] = value
            case "last":
                self._values[name] = value
            case _:
                self._fold(collector.verb, name, value)

    def _fold(self, verb: str, name: str, value: Any) -> None:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            return
        kept = self._values[name]
        try:
            if verb == "sum":
                self._values[name] = kept + value
            elif kept is None or (value < kept if verb == "min" else value > kept):
                self._values[name] = value
        except TypeError:
            return  # a string among numbers: the schema is there to forbid it


class _State:
    """What a rule remembers of one key."""

    __slots__ = ("gathered", "previous")

    def __init__(self, rule: Rule, budget: Budget) -> None:
        self.gathered = Gathered(rule.collect, budget)
        self.previous: dict[str, Any] | None = None


class RuleWatch:
    """Follows one rule over a stream."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.unsettled = ""
        self.symbols = rule.at.union(*(collector.symbols for collector in rule.collect))
        self._names = rule.assertion.names | (rule.when.names if rule.when else frozenset())
        self._budget = Budget()
        self._states: dict[str, _State] = {}
        if rule.by is None:
            self._states[""] = _State(rule, self._budget)

    def observe(self, symbol: str, scope: Mapping[str, Any]) -> Iterator[RuleFault]:
        """Take one event whose payload is right: judge it by what came before, then gather from it."""
        state = self._state(scope)
        if state is None:
            return
        if symbol in self.rule.at:
            yield from self._judge(state, scope)
            state.previous = {name: scope[name] for name in ("data", "event", "id", "index")}
        try:
            state.gathered.take(symbol, scope)
        except GatherLimitError:
            self.unsettled = f"more than {GATHER_LIMIT:,} bytes were to be gathered"

    def end(self, scope: Mapping[str, Any]) -> Iterator[RuleFault]:
        """The stream has ended, complete by its own order."""
        if self.rule.at_end:
            for state in self._states.values():
                yield from self._judge(state, scope)

    def _state(self, scope: Mapping[str, Any]) -> _State | None:
        if self.rule.by is None:
            return self._states[""]
        try:
            key = as_key(self.rule.by.evaluate(scope))
        except EvaluationError:
            return None
        state = self._states.get(key)
        if state is None:
            if len(self._states) >= KEY_LIMIT:
                self.unsettled = f"more than {KEY_LIMIT:,} keys"
                return None
            state = self._states[key] = _State(self.rule, self._budget)
        return state

    def _judge(self, state: _State, scope: Mapping[str, Any]) -> Iterator[RuleFault]:
        rule = self.rule
        if state.previous is None and "previous" in rule.assertion.names:
            return  # it holds on the first, where there is no previous
        whole = {**scope, **state.gathered.values(self._names)}
        if state.previous is not None:
            whole["previous"] = state.previous
        if not _holds(rule.when, whole):
            return
        try:
            value = rule.assertion.evaluate(whole)
        except EvaluationError as error:
            yield RuleFault(self._message(f"`{rule.assertion.source}` has no value here: {error}", whole))
            return
        if value is not True:
            yield RuleFault(self._message(f"`{rule.assertion.source}` does not hold", whole))

    def _message(self, what: str, scope: Mapping[str, Any]) -> str:
        said = f"{self.rule.message}; " if self.rule.message else ""
        return f"{said}{what}{values_read(self.rule.assertion, scope)}"


def _holds(condition: Expression | None, scope: Mapping[str, Any]) -> bool:
    """A `when`, `where` or `by` that fails to evaluate means no."""
    if condition is None:
        return True
    try:
        return condition.evaluate(scope) is True
    except EvaluationError:
        return False


def values_read(expression: Expression, scope: Mapping[str, Any]) -> str:
    """The values that an expression speaks of, so that a message shows why it does not hold."""
    shown: dict[str, str] = {}
    for path in dict.fromkeys(match[0] for match in PATH.finditer(expression.source)):
        value: Any = scope
        for key in path.split("."):
            value = value.get(key, _Missing) if isinstance(value, Mapping) else _Missing
        if path.split(".")[0] in expression.names and value is not _Missing:
            shown[path] = shorten(msgspec.json.encode(value, enc_hook=str).decode(), 80)
    return f" ({', '.join(f'{path} was {value}' for path, value in list(shown.items())[:6])})" if shown else ""


class _Missing:
    """Stands for a value that is not there."""
