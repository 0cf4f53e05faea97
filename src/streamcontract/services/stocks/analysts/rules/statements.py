"""Statements in their order: the fiscal years that can be computed with."""

from streamcontract.services.stocks.market import MarketData, Period

__all__ = ["currencies_differ", "statements", "year_before"]


def statements(data: MarketData) -> tuple[Period, ...]:
    """Fiscal years, the newest first; without those that end after today, and of a year twice given, the first."""
    known: dict[object, Period] = {}
    for period in data.financials.periods:
        if period.ends <= data.today:
            known.setdefault(period.ends, period)
    return tuple(sorted(known.values(), key=lambda period: period.ends, reverse=True))


def year_before(periods: tuple[Period, ...]) -> Period | None:
    """The fiscal year before the newest one: it ends 350 to 380 days earlier, as some years have 53 weeks."""
    for period in periods[1:]:
        if 350 <= (periods[0].ends - period.ends).days <= 380:
            return period
    return None


def currencies_differ(data: MarketData) -> bool:
    """Whether prices and statements are in two currencies; one that is not told is taken for the other."""
    prices, figures = data.profile.currency, data.financials.currency
    return bool(prices and figures) and prices != figures
