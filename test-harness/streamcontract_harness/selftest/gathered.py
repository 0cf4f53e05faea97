"""What a definition of a whole stream remembers: its known events, the values of expressions, what was collected."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

from streamcontract import Event
from streamcontract.contract.expressions import EvaluationError, Expression, LimitError
from streamcontract.contract.model import Collector
from streamcontract.monitor.slices import as_key

__all__ = ["OF_EVENT", "Known", "Memory", "Values"]

OF_EVENT = frozenset({"data", "event", "id"})
"""What hangs on nothing but the event, so that it need not be evaluated again for the same one."""
MOST_KEPT = 100_000


@dataclass(frozen=True, slots=True)
class Known:
    """One event that the contract knows: its place in the stream, its number among the known ones, its name."""

    index: int
    number: int
    symbol: str | None
    event: Event
    payload: Any
    invalid: bool

    @property
    def fields(self) -> dict[str, Any]:
        """The event as expressions read it."""
        return {
            "data": self.payload,
            "event": self.event.event or "message",
            "id": self.event.id or "",
            "index": self.number,
        }


class Memory:
    """What a rule has gathered for one of its keys."""

    __slots__ = ("_taken", "previous", "seen")

    def __init__(self) -> None:
        self.previous: Known | None = None
        self.seen: list[int] = []
        self._taken: dict[str, list[Any]] = {}

    def take(self, collector: Collector, value: Any) -> None:
        self._taken.setdefault(collector.name, []).append(value)

    def value(self, collector: Collector) -> Any:  # noqa: PLR0911 - one for each verb
        """What the collector's verb makes of all that was taken."""
        taken = self._taken.get(collector.name, [])
        match collector.verb:
            case "count":
                return len(taken)
            case "sum":
                return sum(_numbers(taken))
            case "min" | "max":
                return _extreme(collector.verb, taken)
            case "first":
                return taken[0] if taken else None
            case "last":
                return taken[-1] if taken else None
            case "join":
                return "".join(value if isinstance(value, str) else as_key(value) for value in taken)
        different: dict[str, Any] = {}
        for value in taken:
            different.setdefault(as_key(value), value)
        return list(different.values())


@dataclass(slots=True)
class Values:
    """The values of expressions, each kept under all that it hangs on: a search looks at the same ones all the time."""

    kept: dict[tuple[int, Hashable], tuple[Any] | None] = field(default_factory=dict)

    def of(self, expression: Expression, scope: Mapping[str, Any], stamp: Hashable = None) -> tuple[Any] | None:
        """The value, as the one member of a tuple; None where it has none.

        `stamp` stands for what the expression reads; an event stands for itself, and only for what reads no more.
        """
        if stamp is None or (isinstance(stamp, Event) and not expression.names <= OF_EVENT):
            return _evaluate(expression, scope)
        key = (id(expression), stamp)
        if key not in self.kept:
            if len(self.kept) >= MOST_KEPT:
                self.kept.clear()
            self.kept[key] = _evaluate(expression, scope)
        return self.kept[key]

    def holds(self, expression: Expression, scope: Mapping[str, Any], stamp: Hashable = None) -> bool:
        """Whether it is true; what has no value is not."""
        found = self.of(expression, scope, stamp)
        return found is not None and found[0] is True

    def key(self, expression: Expression, scope: Mapping[str, Any], stamp: Hashable = None) -> str | None:
        """The value as a key."""
        found = self.of(expression, scope, stamp)
        return None if found is None else as_key(found[0])


def _evaluate(expression: Expression, scope: Mapping[str, Any]) -> tuple[Any] | None:
    try:
        return (expression.evaluate(scope),)
    except (EvaluationError, LimitError):
        return None


def _numbers(values: list[Any]) -> list[Any]:
    return [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]


def _extreme(verb: str, values: list[Any]) -> Any:
    numbers = _numbers(values) or [value for value in values if isinstance(value, str)]
    if not numbers:
        return None
    return min(numbers) if verb == "min" else max(numbers)
