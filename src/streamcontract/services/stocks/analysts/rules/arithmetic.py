"""Arithmetic that never ends in NaN, infinity or an exception: what cannot be computed is None, with the reason."""

import math
from collections.abc import Iterable

from streamcontract.services.stocks.analysts.analyst import Figure, Unit

__all__ = ["change", "counted", "figure", "finite", "median", "quotient"]

BEYOND = "the numbers are too large or too small to compute with"


def finite(value: float | None) -> float | None:
    """The value as a float; None where there is none, or none that is finite."""
    if value is None:
        return None
    try:
        number = float(value)
    except OverflowError:  # a whole number of hundreds of digits
        return None
    return number if math.isfinite(number) else None


def quotient(above: float | None, below: float | None) -> float | None:
    """One by the other, where both are known and the quotient is finite."""
    if above is None or not below:
        return None
    try:
        return finite(above / below)
    except OverflowError:
        return None


def change(new: float | None, old: float | None) -> float | None:
    """How much more the new one is, as a share of the old one: only of an old one above zero."""
    return quotient(finite(new - old), old) if new is not None and old is not None and old > 0 else None


def median(values: Iterable[float | None]) -> float | None:
    """The middle one of those above zero, or the mean of the two in the middle: a multiple below has no meaning."""
    known = sorted(value for value in map(finite, values) if value is not None and value > 0)
    if not known:
        return None
    middle = len(known) // 2
    if len(known) % 2:
        return known[middle]
    return known[middle - 1] / 2 + known[middle] / 2  # halves first: the sum may be too large


def figure(label: str, value: float | None, unit: Unit, why: str = "", peers: float | None = None) -> Figure:
    """A figure; `why` is kept only where there is no value."""
    known = finite(value)
    return Figure(label, known, unit, peers=finite(peers), note="" if known is not None else why or BEYOND)


def counted(number: int, thing: str) -> str:
    """So many of a thing, as in `1 day` and `2 days`."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
