"""Writes the prices of the stocks service's sample data: invented, and always the same.

    python tools/sample_market.py

A price is a straight line from its first to its last day, and a zigzag on it, so that each can be computed by hand:
on day i of 0 to 299, cents = first + (last - first) * i // 299 + step * (zigzag[(i - 299 + phase) % 12] -
zigzag[phase]), so that the last day has the last price. The other files of the sample are written by hand.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

SAMPLE = Path(__file__).resolve().parent.parent / "src/streamcontract/services/stocks/providers/sample"
LAST_DAY = date(2026, 10, 30)
DAYS = 300
ZIGZAG = (0, 1, 2, 3, 2, 1, 0, -1, -2, -3, -2, -1)


class Series(NamedTuple):
    """First and last price and the zigzag's step, in cents; `phase` lets two series zigzag apart."""

    first: int
    last: int
    step: int
    phase: int = 0


SAMPLE_500 = Series(400_000, 500_000, 4_000)
SYMBOLS = {
    "AAPL": (Series(12_000, 18_000, 200), 50_000_000, "Sample 500", SAMPLE_500),
    "MSFT": (Series(50_000, 40_000, 500, 3), 20_000_000, "Sample 500", SAMPLE_500),
    "BRK-B": (Series(40_000, 48_000, 300, 6), 4_000_000, "Sample 500", SAMPLE_500),
    "INFY.NS": (Series(200_000, 150_000, 2_000, 9), 6_000_000, "Sample India 50", Series(2_500_000, 2_400_000, 20_000)),
}
"""Each symbol's prices and least volume, and its benchmark."""


def weekdays() -> list[date]:
    """The last 300 weekdays up to the last day; holidays are not invented."""
    back = (LAST_DAY - timedelta(days=number) for number in range(2 * DAYS))
    return [day for day in back if day.weekday() < 5][:DAYS][::-1]


def prices(series: Series) -> list[str]:
    """One for each day, as it is written."""
    first, last, step, phase = series
    final = DAYS - 1
    cents = [
        first + (last - first) * i // final + step * (ZIGZAG[(i - final + phase) % 12] - ZIGZAG[phase])
        for i in range(DAYS)
    ]
    return [f"{price // 100}.{price % 100:02d}" for price in cents]


def write_symbol(symbol: str) -> None:
    """The two tables of a symbol."""
    series, volume, name, index = SYMBOLS[symbol]
    days = weekdays()
    closes = [f"{d},{p},{volume + 1000 * (i % 7)}" for i, (d, p) in enumerate(zip(days, prices(series), strict=True))]
    _write(SAMPLE / symbol / "price_history.csv", "date,close,volume", closes)
    levels = [f"{d},{p}" for d, p in zip(days, prices(index), strict=True)]
    _write(SAMPLE / symbol / "benchmark.csv", f"date,{name}", levels)


def _write(path: Path, header: str, lines: list[str]) -> None:
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    for known in SYMBOLS:
        write_symbol(known)
