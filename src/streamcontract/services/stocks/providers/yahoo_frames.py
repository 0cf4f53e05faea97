"""Tables and lists as yfinance gives them, made into what the market is known by."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from streamcontract.services.stocks.market import Bar, Headline, Peer, Period, Recommendations
from streamcontract.services.stocks.providers.yahoo_values import (
    count_of,
    day_of,
    moment_of,
    number_of,
    text_of,
)

__all__ = ["bars_of", "headlines_of", "months_of", "peers_of", "periods_of"]

BARS = 1000
"""Days; two years have some 504."""
PERIODS = 6
MONTHS = 12
ROWS: Mapping[str, tuple[str, ...]] = {
    "revenue": ("TotalRevenue", "OperatingRevenue"),
    "gross_profit": ("GrossProfit",),
    "operating_income": ("OperatingIncome",),
    "net_income": ("NetIncome",),
    "ebitda": ("EBITDA",),
    "interest_expense": ("InterestExpense",),
    "total_assets": ("TotalAssets",),
    "total_debt": ("TotalDebt",),
    "cash": ("CashCashEquivalentsAndShortTermInvestments", "CashAndCashEquivalents"),
    "equity": ("StockholdersEquity", "CommonStockEquity"),
    "current_assets": ("CurrentAssets",),
    "current_liabilities": ("CurrentLiabilities",),
    "inventory": ("Inventory",),
    "operating_cash_flow": ("OperatingCashFlow",),
    "capital_expenditure": ("CapitalExpenditure",),
    "shares": ("DilutedAverageShares", "BasicAverageShares"),
}
"""Which row of a statement each figure is; the first that has a number."""
SPENT = {"capital_expenditure"}
"""Figures that Yahoo writes below 0, as the money goes out."""


def bars_of(frame: Any) -> tuple[Bar, ...]:
    """Daily prices, the oldest first. What is not traded has no price, and a day is there once."""
    if frame is None or frame.empty:
        return ()
    bars: dict[date, Bar] = {}
    last = frame.tail(BARS)
    for at, close, volume in zip(last.index, last["Close"], last["Volume"], strict=True):
        if (day := day_of(at)) is not None:
            bars[day] = Bar(day, number_of(close), number_of(volume))
    return tuple(bars[day] for day in sorted(bars))


def periods_of(statements: Sequence[Any]) -> tuple[Period, ...]:
    """Fiscal years, the newest first: what the statements, a table each, say of the same day."""
    years: dict[date, dict[str, float | None]] = {}
    for frame in statements:
        for column in frame.columns:
            if (ends := day_of(column)) is None:
                continue
            known = years.setdefault(ends, {})
            for name, rows in ROWS.items():
                numbers = (number_of(frame.at[row, column]) for row in rows if row in frame.index)
                if (number := next((found for found in numbers if found is not None), None)) is not None:
                    known[name] = -number if name in SPENT else number
    newest = sorted((ends for ends, known in years.items() if known), reverse=True)[:PERIODS]
    return tuple(Period(ends=ends, **years[ends]) for ends in newest)


def peers_of(quotes: Iterable[Any], symbol: str, limit: int) -> tuple[Peer, ...]:
    """Other companies than the symbol's."""
    found = [
        Peer(
            symbol=text_of(quote.get("symbol"), 20),
            name=text_of(quote.get("longName")) or text_of(quote.get("shortName")),
            pe=number_of(quote.get("trailingPE")),
            pb=number_of(quote.get("priceToBook")),
            peg=number_of(quote.get("trailingPegRatio")),
            ev_ebitda=number_of(quote.get("enterpriseToEbitda")),
        )
        for quote in quotes
        if isinstance(quote, dict)
    ]
    return tuple(peer for peer in found if peer.symbol not in ("", symbol))[:limit]


def headlines_of(articles: Any, limit: int) -> tuple[Headline, ...]:
    """News, the newest first; what has no title is none."""
    contents = [article.get("content") for article in articles if isinstance(article, dict)]
    found = [
        Headline(
            title=title,
            publisher=text_of(_at(content, "provider", "displayName"), 100),
            published=moment_of(content.get("pubDate")),
        )
        for content in contents[: 4 * limit]
        if isinstance(content, dict) and (title := text_of(content.get("title")))
    ]
    return tuple(sorted(found, key=lambda headline: headline.published or _NEVER, reverse=True)[:limit])


_NEVER = datetime.min.replace(tzinfo=UTC)


def months_of(frame: Any, today: date) -> tuple[Recommendations, ...]:
    """What analysts recommended, the newest month first; Yahoo writes `-1m` for the month before this."""
    if frame is None or frame.empty:
        return ()
    found: dict[int, Recommendations] = {}
    for row in frame.head(MONTHS).to_dict("records"):
        back = _months_back(row.get("period"))
        if back is None:
            continue
        year, month = divmod(today.year * 12 + today.month - 1 - back, 12)
        found[back] = Recommendations(
            month=f"{year:04d}-{month + 1:02d}",
            strong_buy=count_of(row.get("strongBuy")) or 0,
            buy=count_of(row.get("buy")) or 0,
            hold=count_of(row.get("hold")) or 0,
            sell=count_of(row.get("sell")) or 0,
            strong_sell=count_of(row.get("strongSell")) or 0,
        )
    return tuple(found[back] for back in sorted(found))


def _months_back(period: Any) -> int | None:
    text = text_of(period, 10)
    number = text.removesuffix("m").removeprefix("-")
    return int(number) if text.endswith("m") and number.isdecimal() and int(number) <= MONTHS else None


def _at(content: Mapping[str, Any], *names: str) -> Any:
    """What stands under these names, one inside the other."""
    found: Any = content
    for name in names:
        found = found.get(name) if isinstance(found, dict) else None
    return found
