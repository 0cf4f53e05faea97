"""Flaws of daily prices."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import pairwise

from streamcontract.services.stocks.analysts.rules.arithmetic import counted, finite, quotient
from streamcontract.services.stocks.analysts.rules.series import Series, series_of
from streamcontract.services.stocks.market import Bar

__all__ = ["price_flaws"]

STALE_DAYS = 7
GAP_DAYS = 10
"""Calendar days: the longest that exchanges are closed for a holiday."""
JUMP = 0.5
MOST_TOLD = 3


def price_flaws(name: str, bars: Sequence[Bar], today: date) -> Iterator[str]:
    """Each flaw, as a sentence that begins with the name."""
    series = series_of(bars, today)
    closes = [(bar.day, finite(bar.close)) for bar in bars]
    volumes = [finite(bar.volume) for bar in bars]
    days = [bar.day for bar in bars]
    for count, said in (
        (sum(close is None for _, close in closes), "without a price"),
        (sum(close is not None and close <= 0 for _, close in closes), "with a price of zero or less"),
        (sum(volume is not None and volume < 0 for volume in volumes), "with a negative volume"),
        (len(days) - len(set(days)), "given more than once"),
        (sum(day > today for day in days), f"after {today}"),
    ):
        if count:
            yield f"{name}: {counted(count, 'day')} {said}, of {len(bars)}."
    if any(later < earlier for earlier, later in pairwise(days)):
        yield f"{name}: the days are not in order."
    if not series.days:
        yield f"{name}: there is none."
        return
    yield from _stretches(name, series, today)


def _stretches(name: str, series: Series, today: date) -> Iterator[str]:
    """What is wrong between one day and the next."""
    if (age := (today - series.days[-1]).days) > STALE_DAYS:
        yield f"{name}: the last one is of {series.days[-1]}, {age} days before {today}."
    yield from _first_ones(
        f"{name}: nothing for {(later - earlier).days} days before {later}."
        for earlier, later in pairwise(series.days)
        if (later - earlier).days > GAP_DAYS
    )
    changes = zip(series.days[1:], pairwise(series.closes.tolist()), strict=True)
    ratios = ((day, quotient(new, old)) for day, (old, new) in changes)
    yield from _first_ones(
        f"{name}: changed by more than {JUMP:.0%} in one step, to {day}."
        for day, ratio in ratios
        if ratio is None or abs(ratio - 1) > JUMP
    )


def _first_ones(notes: Iterable[str]) -> Iterator[str]:
    """So that absurd data does not fill the page."""
    left = 0
    for number, note in enumerate(notes):
        if number < MOST_TOLD:
            yield note
        left = number + 1 - MOST_TOLD
    if left > 0:
        yield f"… and {left} more of this kind."
