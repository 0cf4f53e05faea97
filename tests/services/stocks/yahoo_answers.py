"""Answers in the shapes that Yahoo Finance has, with figures that are invented."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from services.stocks.loopback_server import Answer
from services.stocks.yahoo_server import Asked

__all__ = ["FIRST", "answers", "chart", "not_found", "summary"]

FIRST = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)
"""The first day of the prices, as trading begins."""

SUMMARY: Mapping[str, Any] = {
    "quoteType": {"longName": "Acme Anvils, Inc.", "exchange": "NMS", "quoteType": "EQUITY"},
    "assetProfile": {
        "sector": "Industrials",
        "industry": "Tools & Accessories",
        "country": "United States",
        "longBusinessSummary": "Makes  anvils\nand \u202eother <b>things</b>.",
    },
    "summaryDetail": {"currency": "USD", "trailingPE": 21.5},
    "defaultKeyStatistics": {"shortPercentOfFloat": 0.031},
    "financialData": {
        "currentPrice": 120.5,
        "targetHighPrice": 150.0,
        "targetLowPrice": 90.0,
        "targetMeanPrice": 125.25,
        "targetMedianPrice": 126.0,
        "numberOfAnalystOpinions": 17,
        "financialCurrency": "EUR",
    },
    "earningsTrend": {
        "trend": [
            {"period": "0q", "growth": {"raw": 0.01}},
            {"period": "+1y", "growth": {"raw": 0.083}},
            {"period": "LTG", "growth": {}},
        ]
    },
    "industryTrend": {"estimates": []},
    "sectorTrend": {"estimates": []},
    "indexTrend": {"estimates": [{"period": "LTG", "growth": 0.12}]},
    "recommendationTrend": {
        "trend": [
            {"period": "0m", "strongBuy": 5, "buy": 12, "hold": 7, "sell": 1, "strongSell": 0},
            {"period": "-1m", "strongBuy": 4, "buy": 13, "hold": 7, "sell": 1, "strongSell": 0},
        ]
    },
}
STATEMENTS: Mapping[str, Mapping[str, float]] = {
    "2025-09-30": {"TotalRevenue": 4.0e8, "NetIncome": 2.4e7, "TotalAssets": 9.0e8, "CapitalExpenditure": -1.5e7},
    "2024-09-30": {"TotalRevenue": 3.5e8, "NetIncome": float("nan"), "TotalAssets": 8.0e8, "OperatingCashFlow": 3e7},
}
QUOTE = {"symbol": "ACME", "shortName": "Acme Anvils", "fullExchangeName": "NasdaqGS", "currency": "USD"}


def answers(changes: Mapping[str, Callable[[Asked], Answer]] | None = None) -> Callable[[Asked], Answer]:
    """All of them, by the beginning of the path; some changed."""
    known = {
        "/v1/test/getcrumb": lambda _: Answer(b"invented"),
        "/v8/finance/chart/": lambda asked: _json(chart(asked.path.rpartition("/")[2], [100.0, 101.5, 99.25])),
        "/v10/finance/quoteSummary/": summary,
        "/v7/finance/quote": lambda _: _json({"quoteResponse": {"result": [QUOTE], "error": None}}),
        "/v1/finance/screener": lambda _: _json(_screen()),
        "/ws/fundamentals-timeseries/": _statements,
        "/xhr/ncp": lambda _: _json(_news()),
        **(changes or {}),
    }
    longest_first = sorted(known, key=len, reverse=True)
    return lambda asked: next(
        (known[start](asked) for start in longest_first if asked.path.startswith(start)), Answer(b"")
    )


def chart(symbol: str, closes: list[float | None], **meta: Any) -> Any:
    """Prices of the days from FIRST on."""
    at = [int((FIRST + timedelta(days=n)).timestamp()) for n in range(len(closes))]
    quote = dict.fromkeys(("open", "high", "low", "close"), closes)
    known = {
        "currency": "USD",
        "symbol": symbol,
        "instrumentType": "EQUITY",
        "exchangeTimezoneName": "America/New_York",
        "validRanges": ["1d", "5d", "1mo", "1y", "2y", "max"],
        **meta,
    }
    indicators = {"quote": [{**quote, "volume": [1000 + n for n in range(len(closes))]}]}
    # Half of the price: as if a split had come later, which the adjusted prices know of.
    adjusted = [None if close is None else close / 2 for close in closes]
    indicators["adjclose"] = [{"adjclose": adjusted}]
    return {"chart": {"result": [{"meta": known, "timestamp": at, "indicators": indicators}], "error": None}}


def not_found(_: Asked) -> Answer:
    """What is said of a symbol that is not known."""
    error = {"code": "Not Found", "description": "No data found, symbol may be delisted"}
    return Answer(json.dumps({"chart": {"result": None, "error": error}}).encode(), 404)


def summary(asked: Asked, known: Mapping[str, Any] = SUMMARY) -> Answer:
    """The modules that were asked for; those that there are."""
    modules = {name: known[name] for name in asked.query["modules"].split(",") if name in known}
    if not modules:
        error = {"code": "Not Found", "description": "No fundamentals data found"}
        return Answer(json.dumps({"quoteSummary": {"result": None, "error": error}}).encode(), 404)
    return _json({"quoteSummary": {"result": [modules], "error": None}})


def _screen() -> Any:
    quotes = [
        {"symbol": "ACME", "longName": "Acme Anvils, Inc.", "trailingPE": 21.5},
        {"symbol": "HAMR", "longName": "Hammer & Sons", "trailingPE": 18.0, "priceToBook": 3.25},
        {"symbol": "TONG", "shortName": "Tongs", "trailingPE": "Infinity"},
    ]
    return {"finance": {"result": [{"total": 3, "quotes": quotes}], "error": None}}


def _statements(asked: Asked) -> Answer:
    if asked.query["type"].startswith("trailing"):
        return _json({"timeseries": {"result": [{"meta": {}}], "error": None}})
    result = []
    for name in asked.query["type"].split(","):
        row = name.removeprefix("annual")
        found = {day: figures[row] for day, figures in STATEMENTS.items() if row in figures}
        entry: dict[str, Any] = {"meta": {"symbol": ["ACME"], "type": [name]}}
        if found:
            entry["timestamp"] = [int(datetime.fromisoformat(f"{day}T00:00:00+00:00").timestamp()) for day in found]
            entry[name] = [{"asOfDate": day, "reportedValue": {"raw": number}} for day, number in found.items()]
        result.append(entry)
    return _json({"timeseries": {"result": result, "error": None}})


def _news() -> Any:
    def story(title: str, day: int) -> Any:
        content = {"title": title, "pubDate": f"2026-11-{day:02d}T10:00:00Z", "provider": {"displayName": "The Wire"}}
        return {"id": title, "content": content}

    stories = [
        story("Anvils <script>alert(1)</script> fall", 18),
        story("Anvils rise \ud800 again", 20),
        {"id": "x", "content": None},
        {"id": "advertisement", "ad": [1], "content": {"title": "Buy anvils"}},
        *(story(f"Anvil number {n}", 1) for n in range(100)),
    ]
    return {"data": {"tickerStream": {"stream": stories}}}


def _json(value: Any) -> Answer:
    return Answer(json.dumps(value).encode())
