"""What is missing, stale, negative, absurd or contradictory in the data, said before anything is made of it."""

from collections.abc import Iterator

from streamcontract.services.stocks.analysts.analyst import Analysis, Figure, Unit
from streamcontract.services.stocks.analysts.rules.arithmetic import counted, figure
from streamcontract.services.stocks.analysts.rules.sane_figures import ABSURD_MULTIPLE, statement_flaws, view_flaws
from streamcontract.services.stocks.analysts.rules.sane_prices import price_flaws
from streamcontract.services.stocks.analysts.rules.series import series_of
from streamcontract.services.stocks.analysts.rules.statements import currencies_differ, statements
from streamcontract.services.stocks.analysts.rules.valuation import value
from streamcontract.services.stocks.market import MarketData

__all__ = ["look_for_flaws"]

FEWEST_DAYS = 200


def look_for_flaws(data: MarketData) -> Analysis:
    """Each flaw is a note; without one, the data is called whole."""
    notes = tuple(_flaws(data))
    summary = (
        f"{counted(len(notes), 'flaw')} in the data."
        if notes
        else "The data is whole, up to date, and free of absurd figures."
    )
    return Analysis(summary=summary, figures=_figures(data), notes=notes)


def _figures(data: MarketData) -> tuple[Figure, ...]:
    headlines = len(data.news.headlines) if data.news else None
    return (
        figure("Days with a price", len(series_of(data.prices.bars, data.today)), Unit.COUNT),
        figure("Fiscal years", len(statements(data)), Unit.COUNT),
        figure("Peers", len(data.intel.peers) if data.intel else None, Unit.COUNT, "they could not be had"),
        figure("Headlines", headlines, Unit.COUNT, "they could not be had"),
    )


def _flaws(data: MarketData) -> Iterator[str]:
    yield from _missing(data)
    yield from price_flaws("Prices", data.prices.bars, data.today)
    if 0 < (days := len(series_of(data.prices.bars, data.today))) < FEWEST_DAYS:
        yield f"Prices: {counted(days, 'day')} only; figures of a year need {FEWEST_DAYS} and more."
    if data.benchmark:
        yield from price_flaws("Benchmark", data.benchmark.bars, data.today)
    yield from statement_flaws(data.financials, data.today)
    if currencies_differ(data):
        prices, figures = data.profile.currency, data.financials.currency
        yield f"Currencies: prices are in {prices}, statements in {figures}; figures of both are left out."
    for one in value(data).figures:
        if one.unit is Unit.RATIO and one.value is not None and one.value > ABSURD_MULTIPLE:
            yield f"Valuation: {one.label} is above {ABSURD_MULTIPLE:,.0f}, which is hardly true."
    yield from view_flaws(data)


def _missing(data: MarketData) -> Iterator[str]:
    if not data.profile.currency:
        yield "Profile: the currency of the prices is not known."
    for name, member in (
        ("Market intelligence", data.intel),
        ("Benchmark", data.benchmark),
        ("News", data.news),
        ("Recommendation trends", data.trends),
    ):
        if member is None:
            yield f"{name}: could not be had."
