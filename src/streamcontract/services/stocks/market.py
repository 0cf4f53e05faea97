"""What is known about a symbol. Money is in `currency`, shares are ones, dates are those of the exchange.

Each provider makes these, and each may leave out what it does not know: a figure is None then, never NaN. Figures are
as they were given, absurd ones, too: the analyst looks at them.
"""

from datetime import date, datetime
from typing import TypeAlias

from msgspec import Struct

__all__ = [
    "Bar",
    "Benchmark",
    "Data",
    "Financials",
    "Headline",
    "Intel",
    "MarketData",
    "News",
    "Peer",
    "Period",
    "Prices",
    "Profile",
    "Recommendations",
    "Trends",
]


class Profile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The company."""

    name: str
    exchange: str = ""
    currency: str = ""
    sector: str = ""
    industry: str = ""
    country: str = ""
    summary: str = ""


class Bar(Struct, frozen=True):
    """One trading day: its last price, adjusted for splits and dividends, and how many shares changed hands."""

    day: date
    close: float | None
    volume: float | None = None


class Prices(Struct, frozen=True, kw_only=True):
    """Daily prices, the oldest first; a year and more of them where there are so many."""

    bars: tuple[Bar, ...]


class Benchmark(Struct, frozen=True, kw_only=True):
    """An index to compare with."""

    name: str
    bars: tuple[Bar, ...]


class Period(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One fiscal year; `ends` is its last day, `shares` the diluted average."""

    ends: date
    revenue: float | None = None
    gross_profit: float | None = None
    operating_income: float | None = None
    net_income: float | None = None
    ebitda: float | None = None
    interest_expense: float | None = None
    total_assets: float | None = None
    total_debt: float | None = None
    cash: float | None = None
    equity: float | None = None
    current_assets: float | None = None
    current_liabilities: float | None = None
    inventory: float | None = None
    operating_cash_flow: float | None = None
    capital_expenditure: float | None = None
    shares: float | None = None


class Financials(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Statements of fiscal years, the newest first."""

    currency: str = ""
    periods: tuple[Period, ...]


class Peer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another company of the industry, and its multiples."""

    symbol: str
    name: str = ""
    pe: float | None = None
    pb: float | None = None
    peg: float | None = None
    ev_ebitda: float | None = None


class Intel(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the market thinks: prices that analysts expect in a year, and a share of 1 that is sold short.

    `growth` is the growth of earnings that analysts expect, a share of 1 a year.
    """

    target_low: float | None = None
    target_mean: float | None = None
    target_high: float | None = None
    analysts: int | None = None
    growth: float | None = None
    short_share: float | None = None
    peers: tuple[Peer, ...] = ()


class Headline(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One piece of news."""

    title: str
    publisher: str = ""
    published: datetime | None = None


class News(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Headlines, the newest first."""

    headlines: tuple[Headline, ...]


class Recommendations(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many analysts recommended what in a month (`2026-10`)."""

    month: str
    strong_buy: int = 0
    buy: int = 0
    hold: int = 0
    sell: int = 0
    strong_sell: int = 0


class Trends(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Recommendations by month, the newest first."""

    months: tuple[Recommendations, ...]


Data: TypeAlias = Profile | Prices | Financials | Intel | Benchmark | News | Trends
"""What one download brings."""


class MarketData(Struct, frozen=True, kw_only=True):
    """All that was downloaded; None: it could not be had. `today` is the day on which it should be up to date."""

    symbol: str
    source: str
    is_sample: bool
    today: date
    profile: Profile
    prices: Prices
    financials: Financials
    intel: Intel | None = None
    benchmark: Benchmark | None = None
    news: News | None = None
    trends: Trends | None = None
