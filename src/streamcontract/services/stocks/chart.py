"""Prices as the page draws them, and as a screen reader tells them."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from streamcontract.services.stocks.analysts.analyst import Unit
from streamcontract.services.stocks.market import Bar
from streamcontract.services.stocks.written import written

__all__ = ["MOST_BARS", "Chart", "chart"]

MOST_BARS = 400
"""A year of a market of seven days a week, and some more."""


class Chart(NamedTuple):
    """`bars` are `2026-01-02 123.4,2026-01-05 125`; `caption` is what they show, in words."""

    bars: str
    caption: str


def chart(bars: Sequence[Bar], currency: str) -> Chart | None:
    """The last MOST_BARS prices that are finite; None where there is none."""
    known = [(bar.day, bar.close) for bar in bars if bar.close is not None and math.isfinite(bar.close)][-MOST_BARS:]
    if not known:
        return None
    lowest = min(known, key=lambda bar: bar[1])
    highest = max(known, key=lambda bar: bar[1])
    said = "; ".join(
        f"{name} {written(price, Unit.PRICE, currency)} on {day}"
        for name, (day, price) in (("first", known[0]), ("last", known[-1]), ("lowest", lowest), ("highest", highest))
    )
    return Chart(",".join(f"{day} {close:.8g}" for day, close in known), f"Closing prices: {said}.")
