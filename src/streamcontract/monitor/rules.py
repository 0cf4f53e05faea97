"""Rules: what ties events to each other and to the request (section 5)."""

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import msgspec

from streamcontract.contract.expressions import EvaluationError, Expression, LimitError
from streamcontract.contract.json_text import writable
from streamcontract.contract.model import Rule
from streamcontract.contract.schemas import shorten
from streamcontract.contract.values import Reads, pick
from streamcontract.monitor.gathering import Budget, Gathered, holds
from streamcontract.monitor.slices import KEY_LIMIT, as_key

__all__ = ["RuleFault", "RuleWatch", "values_read"]

WHOLE_EVENT: Reads = {"data": {}, "event": {}, "id": {}, "index": {}}
PATH = re.compile(
    r"\b(?:data|previous|request|response|linked|last)(?:\.[A-Za-z_]\w*)+(?!\w*\()|\b[A-Za-z_]\w*\b(?!\s*\()"
)

SHOWN_CHARACTERS = 80


class RuleFault(msgspec.Struct, frozen=True):
    """One time that a rule does not hold."""

    message: str


class _State:
    """What a rule remembers of one key."""

    __slots__ = ("gathered", "previous", "size")

    def __init__(self, rule: Rule, budget: Budget) -> None:
        self.gathered = Gathered(rule.collect, budget)
        self.previous: dict[str, Any] | None = None
        self.size = 0  # bytes of what is kept of `previous`


class RuleWatch:
    """Follows one rule over a stream."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.unsettled = ""
        self.symbols = rule.at.union(*(collector.symbols for collector in rule.collect))
        self._names = rule.assertion.names | (rule.when.names if rule.when else frozenset())
        self._of_previous = _reads_of_previous(rule)
        self._budget = Budget()
        self._states: dict[str, _State] = {}
        if rule.by is None:
            self._states[""] = _State(rule, self._budget)

    def observe(self, symbol: str, scope: Mapping[str, Any]) -> Iterator[RuleFault]:
        """Take one event whose payload is right: judge it by what came before, then gather from it."""
        try:
            state = self._state(scope)
            if state is None:
                return
            if symbol in self.rule.at:
                yield from self._judge(state, scope)
                self._remember(state, scope)
            state.gathered.take(symbol, scope)
        except LimitError as error:
            self.unsettled = str(error)

    def end(self, scope: Mapping[str, Any]) -> Iterator[RuleFault]:
        """The stream has ended, complete by its own order."""
        try:
            for state in self._states.values() if self.rule.at_end else ():
                yield from self._judge(state, scope)
        except LimitError as error:
            self.unsettled = str(error)

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
                raise LimitError(f"more than {KEY_LIMIT:,} keys")
            self._budget.gather(len(key))
            state = self._states[key] = _State(self.rule, self._budget)
        return state

    def _remember(self, state: _State, scope: Mapping[str, Any]) -> None:
        """Keep of this event what the rule reads of `previous`."""
        if self._of_previous is None:
            return
        kept = pick(scope, self._of_previous)
        if self.rule.by is not None:  # as many are kept as there are keys
            size = len(as_key(kept))
            self._budget.gather(size - state.size)
            state.size = size
        state.previous = kept

    def _judge(self, state: _State, scope: Mapping[str, Any]) -> Iterator[RuleFault]:
        rule = self.rule
        if state.previous is None and "previous" in rule.assertion.names:
            return  # it holds on the first, where there is no previous
        whole = {**scope, **state.gathered.values(self._names)}
        if state.previous is not None:
            whole["previous"] = state.previous
        if not holds(rule.when, whole):
            return
        if "last" in rule.assertion.names and "last" not in whole:
            what = f"`{rule.assertion.source}` speaks of the last event, and the stream had none"
            yield RuleFault(self._message(what, whole))
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


def _reads_of_previous(rule: Rule) -> Reads | None:
    """What a rule reads of `previous`; None: nothing. Where that is not told, it is all that an event has."""
    read = [expr.reads["previous"] for expr in (rule.assertion, rule.when) if expr and "previous" in expr.reads]
    if not read:
        return None
    merged: dict[str, Reads] = {}
    for reads in read:
        for name, below in reads.items():
            merged[name] = {} if name in merged and merged[name] != below else below
    return merged if all(read) else WHOLE_EVENT


def values_read(expression: Expression, scope: Mapping[str, Any]) -> str:
    """The values that an expression speaks of, so that a message shows why it does not hold."""
    shown: dict[str, str] = {}
    for path in dict.fromkeys(match[0] for match in PATH.finditer(expression.source)):
        value: Any = scope
        for key in path.split("."):
            value = value.get(key, _Missing) if isinstance(value, Mapping) else _Missing
        if path.split(".")[0] in expression.names and value is not _Missing:
            shown[path] = _written(value)
    return f" ({', '.join(f'{path} was {value}' for path, value in list(shown.items())[:6])})" if shown else ""


def _written(value: Any) -> str:
    """A value as JSON. Of an object its beginning: where the middle is left out, none can tell whose value follows."""
    text = msgspec.json.encode(_cut(value), enc_hook=str).decode()
    if isinstance(value, str) or len(text) <= SHOWN_CHARACTERS:
        return shorten(text, SHOWN_CHARACTERS)
    return writable(f"{text[:SHOWN_CHARACTERS]}…")


def _cut(value: Any, members: int = 40) -> Any:
    """As much of a value as a message shows, whatever its size."""
    match value:
        case str():
            return shorten(value, 2 * SHOWN_CHARACTERS)
        case list() if len(value) > members:
            return [*(_cut(item, members // 4 + 1) for item in value[:members]), f"… {len(value):,} in all"]
        case list():
            return [_cut(item, members // 4 + 1) for item in value]
        case Mapping():
            return {key: _cut(value[key], members // 4 + 1) for key in islice(value, members)}
    return value


class _Missing:
    """Stands for a value that is not there."""
