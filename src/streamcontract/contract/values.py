"""What is handed to a CEL expression: only what it reads, no more than it can take, and in numbers that CEL has."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

__all__ = [
    "EVALUATION_LIMIT",
    "TEXT_STEP",
    "Effort",
    "EvaluationError",
    "LimitError",
    "Reads",
    "doubles",
    "follow",
    "ints",
    "pick",
    "variables",
]

EVALUATION_LIMIT = 1_000_000
"""Steps of one evaluation: an element that is handed over, or a turn of a loop; one to two seconds in all."""

TEXT_STEP = 256
"""Characters that count as one step: copying them takes about as long as handing over an element."""

LEAST, MOST = -(2**63), 2**64 - 1
"""What CEL's `int` and `uint` hold; its library makes doubles of what is beyond, and so takes neighbours for equal."""

Reads = Mapping[str, "Reads"]
"""The members of a value that an expression reads, and theirs; empty: all of it."""


class EvaluationError(Exception):
    """An expression has no value on this data: a missing key, types that do not go together."""


class LimitError(Exception):
    """A value is too large to be judged: neither right nor wrong. The text says what, and what the limit is."""


class _Measure:
    """How large what is handed over is."""

    __slots__ = ("elements", "longest", "text")

    def __init__(self) -> None:
        self.elements = 0
        self.longest = 0
        self.text = 0

    def take(self, value: Any) -> None:
        """Count a value with all that is in it. Raises LimitError."""
        kind = value.__class__
        if kind is str:
            self._take_text(value)
        elif kind is int:
            if not LEAST <= value <= MOST:
                raise LimitError("an integer is beyond 64 bits, and CEL cannot tell it from its neighbours")
        elif kind is list or isinstance(value, list | tuple | Mapping):
            self._take_members(value)
        elif kind is Decimal:
            raise LimitError("a number is beyond a double, which CEL's numbers are")

    def _take_text(self, value: str) -> None:
        self.text = max(self.text, len(value))
        if not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:
                raise LimitError("a text has half of a surrogate pair, which is no character that CEL has") from None

    def _take_members(self, value: Any) -> None:
        self.longest = max(self.longest, len(value))
        self.elements += len(value)
        if self.elements > EVALUATION_LIMIT:
            raise LimitError(f"more than {EVALUATION_LIMIT:,} values were to be read at once")
        for member in value.values() if isinstance(value, Mapping) else value:
            if member.__class__ is not float:
                self.take(member)


@dataclass(frozen=True, slots=True)
class Effort:
    """How the work of an expression grows with what it is given, at most.

    `depth`: loops inside each other; `loops`: how many stand that deep; `sums`: how many `+` may lengthen a list or
    copy a text; `written`: elements of lists that are written out in it.
    """

    depth: int = 0
    loops: int = 1
    sums: int = 0
    written: int = 0

    def steps(self, longest: int, text: int) -> int:
        """Steps for lists and texts of at most these lengths."""
        turns: int = (max(longest, self.written, 1) * (1 + self.sums)) ** self.depth * self.loops
        return turns * (1 + text // TEXT_STEP * (1 + self.sums))


def variables(scope: Mapping[str, Any], reads: Reads, effort: Effort) -> dict[str, Any]:
    """The variables that an expression reads, each with what it reads of them.

    Raises LimitError where evaluating would take too long, or where CEL does not have the number.
    """
    found = pick(scope, reads)
    measure = _Measure()
    for value in found.values():
        measure.take(value)
    if effort.steps(measure.longest, measure.text) > EVALUATION_LIMIT:
        raise LimitError(
            f"loops over {measure.longest:,} values, with texts of up to {measure.text:,} characters, would take more"
            f" than {EVALUATION_LIMIT:,} steps"
        )
    return found


def pick(scope: Mapping[str, Any], reads: Reads) -> dict[str, Any]:
    """Of each variable that is there what is read of it."""
    return {name: _pick(scope[name], below) for name, below in reads.items() if name in scope}


def follow(scope: Mapping[str, Any], path: Sequence[str]) -> Any:
    """The member at the end of a path, as it is. Raises EvaluationError when there is none."""
    value: Any = scope
    for key in path:
        if not isinstance(value, Mapping) or key not in value:
            raise EvaluationError(f"there is no {key!r}")
        value = value[key]
    return value


def doubles(value: Any) -> Any:
    """The value with its whole numbers as doubles."""
    return _numbers(value, lambda number: float(number) if isinstance(number, int) else number)


def ints(value: Any) -> Any:
    """The value with its doubles as ints, where they are whole numbers."""
    return _numbers(value, lambda number: int(number) if isinstance(number, float) and number.is_integer() else number)


def _pick(value: Any, reads: Reads) -> Any:
    """The members of a value that are read; what is no mapping stays as it is."""
    if not reads or not isinstance(value, Mapping):
        return value
    return {key: _pick(value[key], below) for key, below in reads.items() if key in value}


def _numbers(value: Any, convert: Callable[[int | float], int | float]) -> Any:
    match value:
        case bool():
            return value
        case int() | float():
            return convert(value)
        case dict():
            return {key: _numbers(member, convert) for key, member in value.items()}
        case list():
            return [_numbers(item, convert) for item in value]
    return value
