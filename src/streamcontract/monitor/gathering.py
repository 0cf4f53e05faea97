"""What `collect` gathers as events arrive (section 5): counts, sums, extremes, joined text and distinct values."""

from collections.abc import Mapping
from decimal import Decimal
from io import StringIO
from typing import Any

from streamcontract.contract.expressions import EvaluationError, Expression, LimitError
from streamcontract.contract.json_text import join_surrogates
from streamcontract.contract.model import Collector
from streamcontract.contract.values import TEXT_STEP
from streamcontract.monitor.slices import as_key

__all__ = ["GATHER_LIMIT", "READ_LIMIT", "Budget", "Gathered", "holds"]

GATHER_LIMIT = 16 * 1024 * 1024
"""Bytes that `join` or `distinct` may gather for one rule: what a client that stores the answer would hold, too."""

OVERHEAD = 64
"""Bytes that each distinct value counts for besides its own: many short ones fill the memory, too."""

READ_LIMIT = 4_000_000
"""Steps in which one rule may read what it has gathered, over a whole stream. CEL takes a list or a text anew at each
event, so a rule that reads at every event what it gathers at every event costs the square of the stream's length."""


class Budget:
    """How much a rule may still gather, and read of it again, for all of its keys together."""

    __slots__ = ("_bytes", "_steps")

    def __init__(self) -> None:
        self._bytes = GATHER_LIMIT
        self._steps = READ_LIMIT

    def gather(self, size: int) -> None:
        """Raises LimitError when there is no more."""
        self._bytes -= size
        if self._bytes < 0:
            raise LimitError(f"more than {GATHER_LIMIT:,} bytes were to be gathered")

    def read(self, steps: int) -> None:
        """Raises LimitError when there is no more."""
        self._steps -= steps
        if self._steps < 0:
            raise LimitError(f"reading what was gathered, event after event, took more than {READ_LIMIT:,} steps")


class Gathered:
    """What `collect` has gathered, by name; memory grows with `join` and `distinct` only, up to the limit."""

    __slots__ = ("_begun", "_budget", "_collectors", "_distinct", "_joined", "_values")

    def __init__(self, collectors: tuple[Collector, ...], budget: Budget | None = None) -> None:
        self._collectors = collectors
        self._budget = budget or Budget()
        self._values: dict[str, Any] = {c.name: 0 if c.verb in ("count", "sum") else None for c in collectors}
        self._joined: dict[str, StringIO] = {c.name: StringIO() for c in collectors if c.verb == "join"}
        self._distinct: dict[str, dict[str, Any]] = {c.name: {} for c in collectors if c.verb == "distinct"}
        self._begun: set[str] = set()

    def values(self, names: frozenset[str]) -> dict[str, Any]:
        """What was gathered under those of the names that are ours. Raises LimitError when it was read too often."""
        found = {name: value for name, value in self._values.items() if name in names}
        for name, parts in self._joined.items():
            if name in names:
                found[name] = join_surrogates(parts.getvalue())
                self._budget.read(len(found[name]) // TEXT_STEP)
        for name, members in self._distinct.items():
            if name in names:
                self._budget.read(len(members))
                found[name] = list(members.values())
        return found

    def take(self, symbol: str, scope: Mapping[str, Any]) -> None:
        """Gather from one event. Raises LimitError when that would be too much."""
        for collector in self._collectors:
            if symbol in collector.symbols and holds(collector.where, scope):
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
                self._budget.gather(len(text.encode(errors="surrogatepass")))
                self._joined[name].write(text)
            case "distinct":
                key = as_key(value)
                if key not in self._distinct[name]:
                    self._budget.gather(len(key) + OVERHEAD)
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
        if isinstance(value, Decimal):
            raise LimitError("a number is beyond a double")
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
        except OverflowError:
            raise LimitError("a sum is beyond a double") from None


def holds(condition: Expression | None, scope: Mapping[str, Any]) -> bool:
    """A `when`, `where` or `by` that fails to evaluate means no."""
    if condition is None:
        return True
    try:
        return condition.evaluate(scope) is True
    except EvaluationError:
        return False
