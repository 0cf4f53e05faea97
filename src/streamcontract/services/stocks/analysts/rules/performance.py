"""How the price moved: returns, volatility, drawdown, averages, and beta to the benchmark.

A year is from the day of the same date a year before to the last day with a price. Prices are closing prices, adjusted
for splits and dividends. `docs/stocks.md` has the definitions in a table.
"""

import math
from datetime import date

import numpy as np

from streamcontract.services.stocks.analysts.analyst import Analysis, Figure, Unit
from streamcontract.services.stocks.analysts.rules.arithmetic import change, counted, figure, finite, quotient
from streamcontract.services.stocks.analysts.rules.labels import (
    DRAWDOWN,
    PRICE,
    RETURN_1M,
    RETURN_1Y,
    VOLATILITY,
)
from streamcontract.services.stocks.analysts.rules.series import Numbers, Series, months_before, series_of
from streamcontract.services.stocks.market import Bar, MarketData

__all__ = ["follow_price"]

TRADING_DAYS = 252
"""Of a year, by which volatility is annualised: the usual number of American exchanges."""
FEWEST_RETURNS = 20
FEWEST_COMMON = 60
STILL = 1e-16
"""A variance of daily returns below it is nothing but rounding."""
RETURNS = ((RETURN_1M, 1), ("Return over 3 months", 3), (RETURN_1Y, 12))


def follow_price(data: MarketData) -> Analysis:
    """Returns with those of the benchmark beside them, and the last year's prices to draw."""
    prices = series_of(data.prices.bars, data.today)
    if not prices.days:
        return Analysis(summary="There is no price to follow.", figures=_without_prices())
    index = series_of(data.benchmark.bars, data.today) if data.benchmark else None
    last = prices.days[-1]
    year = prices.since(months_before(last, 12))
    volatility, no_volatility = _volatility(year)
    drawdown = _drawdown(year)
    beta, no_beta = _beta(year, index)
    figures = (
        figure(PRICE, prices.last, Unit.PRICE),
        *(_return(label, prices, index, months_before(last, months), last) for label, months in RETURNS),
        figure(VOLATILITY, volatility, Unit.SHARE, no_volatility),
        figure(DRAWDOWN, drawdown, Unit.SHARE),
        *(_average(prices, days) for days in (50, 200)),
        figure("Beta", beta, Unit.RATIO, no_beta),
    )
    bars = tuple(Bar(day, float(close)) for day, close in zip(year.days, year.closes, strict=True))
    return Analysis(summary=_summary(data, figures, last), figures=figures, bars=bars)


def _without_prices() -> tuple[Figure, ...]:
    why = "there is no price"
    averages = ("Average of 50 days", "Average of 200 days")
    return (
        figure(PRICE, None, Unit.PRICE, why),
        *(figure(label, None, Unit.SHARE, why) for label, _ in RETURNS),
        *(figure(label, None, Unit.SHARE, why) for label in (VOLATILITY, DRAWDOWN)),
        *(figure(label, None, Unit.PRICE, why) for label in averages),
        figure("Beta", None, Unit.RATIO, why),
    )


def _return(label: str, prices: Series, index: Series | None, first: date, last: date) -> Figure:
    """The last price by that of the first day (or of the last trading day before it), less 1."""
    before = prices.at(first)
    compared = change(index.at(last), index.at(first)) if index else None
    why = f"there is no price near {first}" if before is None else ""
    return figure(label, change(prices.last, before), Unit.SHARE, why, compared)


def _volatility(year: Series) -> tuple[float | None, str]:
    """The standard deviation (n - 1) of the logarithmic returns of a year's days, times the root of 252."""
    returns = np.diff(np.log(year.closes))  # prices are above zero
    if len(returns) < FEWEST_RETURNS:
        return None, f"fewer than {FEWEST_RETURNS} daily returns"
    return finite(float(np.std(returns, ddof=1)) * math.sqrt(TRADING_DAYS)), ""


def _drawdown(year: Series) -> float | None:
    """The lowest of each price by the highest one up to it, less 1: zero or below."""
    with np.errstate(all="ignore"):
        return finite(float(np.min(year.closes / np.maximum.accumulate(year.closes))) - 1)


def _average(prices: Series, days: int) -> Figure:
    """The mean of the last so many prices."""
    label = f"Average of {days} days"
    if len(prices) < days:
        return figure(label, None, Unit.PRICE, f"there are prices of {counted(len(prices), 'day')} only")
    return figure(label, _mean(prices.closes[-days:]), Unit.PRICE)


def _mean(numbers: Numbers) -> float | None:
    largest = float(np.max(numbers))
    return finite(float(np.mean(numbers / largest)) * largest)  # the sum of very large prices is infinite


def _beta(year: Series, index: Series | None) -> tuple[float | None, str]:
    """Covariance of the returns with those of the benchmark, by the variance of the latter.

    Returns are from each day to the next of those that both have a price of.
    """
    if index is None:
        return None, "there is no benchmark"
    levels = dict(zip(index.days, index.closes, strict=True))
    common = [number for number, day in enumerate(year.days) if day in levels]
    if len(common) <= FEWEST_COMMON:
        return None, f"fewer than {FEWEST_COMMON} daily returns in common with the benchmark"
    days = tuple(year.days[number] for number in common)
    own = Series(days, year.closes[common]).returns()
    its = Series(days, np.array([levels[day] for day in days], dtype=np.float64)).returns()
    with np.errstate(all="ignore"):
        deviation = its - np.mean(its)
        variance = finite(float(np.mean(deviation**2)))
        covariance = finite(float(np.mean((own - np.mean(own)) * deviation)))
    if variance is not None and variance < STILL:
        return None, "the benchmark hardly moves"
    return quotient(covariance, variance), ""


def _summary(data: MarketData, figures: tuple[Figure, ...], last: date) -> str:
    known = {one.label: one.value for one in figures}
    year = known[RETURN_1Y]
    compared = f" Compared with: {data.benchmark.name}." if data.benchmark else ""
    if year is None:
        return f"The last price is of {last}; there are too few for a year.{compared}"
    moved = f"rose by {year:.1%}" if year > 0 else f"fell by {-year:.1%}" if year < 0 else "stayed where it was"
    return f"In the year to {last} the price {moved if abs(year) < 100 else 'changed beyond belief'}.{compared}"
