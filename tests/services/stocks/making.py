"""Market data for tests: a healthy one, of which each test changes what it is about."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from streamcontract.services.stocks.analysts.analyst import Analysis, Figure
from streamcontract.services.stocks.market import (
    Bar,
    Benchmark,
    Financials,
    Intel,
    MarketData,
    News,
    Peer,
    Period,
    Prices,
    Profile,
    Recommendations,
    Trends,
)

TODAY = date(2026, 10, 30)
YEAR = Period(
    ends=date(2026, 9, 30),
    revenue=400.0,
    gross_profit=180.0,
    operating_income=120.0,
    net_income=100.0,
    ebitda=140.0,
    interest_expense=4.0,
    total_assets=500.0,
    total_debt=100.0,
    cash=60.0,
    equity=200.0,
    current_assets=150.0,
    current_liabilities=100.0,
    inventory=10.0,
    operating_cash_flow=120.0,
    capital_expenditure=20.0,
    shares=20.0,
)


def bars(closes: Sequence[float | None], last: date = TODAY) -> tuple[Bar, ...]:
    """One price a day, the last one of the last day."""
    return tuple(Bar(last - timedelta(days=len(closes) - 1 - number), close) for number, close in enumerate(closes))


def market(**changes: Any) -> MarketData:
    """A company without flaws; 300 days at 180.00."""
    members: dict[str, Any] = {
        "symbol": "AAPL",
        "source": "a test",
        "is_sample": False,
        "today": TODAY,
        "profile": Profile(name="Apple", currency="USD"),
        "prices": Prices(bars=bars([180.0] * 300)),
        "financials": Financials(currency="USD", periods=(YEAR,)),
        "intel": Intel(target_mean=198.0, growth=0.12, peers=(Peer(symbol="P", pe=30.0),)),
        "benchmark": Benchmark(name="Index", bars=bars([5000.0] * 300)),
        "news": News(headlines=()),
        "trends": Trends(months=(Recommendations(month="2026-10", hold=1),)),
    }
    return MarketData(**(members | changes))


def figure_of(analysis: Analysis, label: str) -> Figure:
    """The figure with that label; there is exactly one."""
    (found,) = [figure for figure in analysis.figures if figure.label == label]
    return found


def value_of(analysis: Analysis, label: str) -> float:
    """Its value, which it has."""
    value = figure_of(analysis, label).value
    assert value is not None
    return value
