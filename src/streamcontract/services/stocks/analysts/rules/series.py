"""Prices in their order: the days that can be computed with."""

import calendar
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from streamcontract.services.stocks.analysts.rules.arithmetic import finite
from streamcontract.services.stocks.market import Bar

__all__ = ["NEAR_DAYS", "Numbers", "Series", "months_before", "series_of"]

Numbers: TypeAlias = NDArray[np.float64]

NEAR_DAYS = 7
"""A price stands for a day up to so many days after it: week ends and holidays."""


@dataclass(frozen=True, slots=True)
class Series:
    """Days, the oldest first, and the price of each, which is above zero."""

    days: tuple[date, ...]
    closes: Numbers

    def since(self, day: date) -> "Series":
        """From that day on."""
        start = bisect_left(self.days, day)
        return Series(self.days[start:], self.closes[start:])

    def at(self, day: date) -> float | None:
        """The price of that day, or of the last one before it that is not more than NEAR_DAYS away."""
        before = bisect_right(self.days, day)
        if not before or (day - self.days[before - 1]).days > NEAR_DAYS:
            return None
        return float(self.closes[before - 1])

    def returns(self) -> Numbers:
        """The change from each day to the next, as a share of 1; infinite where prices are absurd."""
        with np.errstate(all="ignore"):
            return self.closes[1:] / self.closes[:-1] - 1

    @property
    def last(self) -> float | None:
        """The last price."""
        return float(self.closes[-1]) if self.days else None

    def __len__(self) -> int:
        return len(self.days)


def series_of(bars: Iterable[Bar], today: date) -> Series:
    """Without days that have no price above zero or lie after today; of a day that is there twice, the later line."""
    known: dict[date, float] = {}
    for bar in bars:
        close = finite(bar.close)
        if close is not None and close > 0 and bar.day <= today:
            known[bar.day] = close
    days = tuple(sorted(known))
    return Series(days, np.array([known[day] for day in days], dtype=np.float64))


def months_before(day: date, months: int) -> date:
    """The same day so many months earlier; the last of that month where it is shorter."""
    number = day.year * 12 + day.month - 1 - months
    year, month = divmod(number, 12)
    if year < date.min.year:
        return date.min
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))
