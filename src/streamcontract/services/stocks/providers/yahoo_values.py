"""Values that came over a network, made harmless: numbers are finite or None, texts bounded."""

import math
from datetime import UTC, date, datetime
from numbers import Real
from typing import Any

from streamcontract.services.stocks.plain import one_line

__all__ = ["count_of", "day_of", "moment_of", "number_of", "text_of"]

LONGEST = 300
"""Characters of a text, unless another limit is given."""
LARGEST = 1e18
"""What is larger than any sum of money is no figure."""


def number_of(value: Any) -> float | None:
    """None for what is no number, or not finite, or absurdly large; a text such as `Infinity` is no number."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) and abs(number) < LARGEST else None


def count_of(value: Any) -> int | None:
    """A whole number, not below 0."""
    number = number_of(value)
    return int(number) if number is not None and number >= 0 else None


def text_of(value: Any, limit: int = LONGEST) -> str:
    """In one line; nothing for what is no text."""
    return one_line(value, limit) if isinstance(value, str) else ""


def day_of(value: Any) -> date | None:
    """The day of a pandas Timestamp; None for `NaT`."""
    try:
        day = value.date()
    except (AttributeError, ValueError):
        return None
    return day if isinstance(day, date) else None


def moment_of(value: Any) -> datetime | None:
    """A time as `2026-11-20T14:30:00Z`."""
    try:
        moment = datetime.fromisoformat(text_of(value))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
