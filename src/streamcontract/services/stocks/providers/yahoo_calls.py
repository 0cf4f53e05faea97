"""What the worker process does: asks yfinance, which only it imports, and makes the data of what it answers.

yfinance hides what goes wrong, unless it is told not to; then each failure is an exception, for which we have words.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from streamcontract.services.stocks.market import (
    Bar,
    Benchmark,
    Data,
    Financials,
    Intel,
    News,
    Prices,
    Profile,
    Trends,
)
from streamcontract.services.stocks.providers.provider import ProviderError, UnknownSymbolError
from streamcontract.services.stocks.providers.yahoo_frames import (
    bars_of,
    headlines_of,
    months_of,
    peers_of,
    periods_of,
)
from streamcontract.services.stocks.providers.yahoo_session import errors_raised, session
from streamcontract.services.stocks.providers.yahoo_values import count_of, number_of, text_of

__all__ = ["Market", "ask", "look"]

NEWS = 50
PEERS = 6


@dataclass(frozen=True, slots=True)
class Market:
    """An index to compare with, its name, and Yahoo's name of the region."""

    index: str
    index_name: str
    region: str


def look(folder: str, symbol: str) -> None:
    """Whether there is such a symbol. Raises UnknownSymbolError, or ProviderError."""
    _prepare(folder)
    from yfinance.data import YfData  # noqa: PLC0415

    url = f"https://query2.finance.yahoo.com/v8/finance/chart/{symbol}"
    with _in_our_words():
        # `history` would do, but takes an error of the server for a symbol that is not there.
        status = YfData(session()).get(url, params={"range": "1d", "interval": "1d"}).status_code
    if status == 404:
        raise UnknownSymbolError(f"Yahoo Finance knows no symbol {symbol}.")
    if status != 200:
        raise ProviderError(f"Yahoo Finance answered with an error (status {status}).")


def ask(folder: str, symbol: str, kind: type[Data], market: Market) -> Data:
    """One kind of data. Raises ProviderError."""
    _prepare(folder)
    import yfinance  # noqa: PLC0415

    with _in_our_words(), errors_raised():
        return _CALLS[kind](yfinance.Ticker(symbol, session=session()), market)


def _profile(ticker: Any, _: Market) -> Profile:
    info = ticker.info
    name = text_of(info.get("longName")) or text_of(info.get("shortName"))
    if not name:
        raise ProviderError("Yahoo Finance has no profile of this company.")
    return Profile(
        name=name,
        exchange=text_of(info.get("fullExchangeName")) or text_of(info.get("exchange")),
        currency=text_of(info.get("currency"), 10),
        sector=text_of(info.get("sector")),
        industry=text_of(info.get("industry")),
        country=text_of(info.get("country")),
        summary=text_of(info.get("longBusinessSummary"), 3000),
    )


def _bars(ticker: Any) -> tuple[Bar, ...]:
    bars = bars_of(ticker.history(period="2y", auto_adjust=True, actions=False))
    if not bars:
        raise ProviderError("Yahoo Finance has no prices for this symbol.")
    return bars


def _prices(ticker: Any, _: Market) -> Prices:
    return Prices(bars=_bars(ticker))


def _benchmark(_: Any, market: Market) -> Benchmark:
    import yfinance  # noqa: PLC0415

    return Benchmark(name=market.index_name, bars=_bars(yfinance.Ticker(market.index, session=session())))


def _financials(ticker: Any, _: Market) -> Financials:
    statements = (ticker.get_income_stmt, ticker.get_balance_sheet, ticker.get_cash_flow)
    found = [frame for frame in map(_or_nothing, statements) if frame is not None]
    periods = periods_of(found)
    if not periods:
        raise ProviderError("Yahoo Finance has no financial statements of this company.")
    return Financials(currency=text_of(ticker.info.get("financialCurrency"), 10), periods=periods)


def _intel(ticker: Any, market: Market) -> Intel:
    info = ticker.info
    targets = _or_nothing(ticker.get_analyst_price_targets) or {}
    growth = _or_nothing(ticker.get_growth_estimates)
    peers = _or_nothing(lambda: _similar(text_of(info.get("industry")), market.region)) or []
    return Intel(
        target_low=number_of(targets.get("low")),
        target_mean=number_of(targets.get("mean")),
        target_high=number_of(targets.get("high")),
        analysts=count_of(info.get("numberOfAnalystOpinions")),
        growth=None if growth is None else _expected(growth),
        short_share=number_of(info.get("shortPercentOfFloat")),
        peers=peers_of(peers, ticker.ticker, PEERS),
    )


def _expected(frame: Any) -> float | None:
    """The growth of the longest time that there is an estimate for."""
    for period in ("LTG", "+5y", "+1y", "0y"):
        if period in frame.index and "stockTrend" in frame.columns:
            number = number_of(frame.at[period, "stockTrend"])
            if number is not None:
                return number
    return None


def _similar(industry: str, region: str) -> list[Any]:
    """The largest companies of an industry: one request, with their multiples."""
    import yfinance  # noqa: PLC0415

    equals = {"industry": industry.replace(" - ", "—"), "region": region}  # it has two ways of writing an industry
    query = yfinance.EquityQuery("and", [yfinance.EquityQuery("eq", [field, name]) for field, name in equals.items()])
    answer = yfinance.screen(query, size=PEERS + 1, sortField="intradaymarketcap", session=session())
    quotes = answer["quotes"]
    return quotes if isinstance(quotes, list) else []


def _news(ticker: Any, _: Market) -> News:
    return News(headlines=headlines_of(ticker.get_news(count=NEWS), NEWS))


def _trends(ticker: Any, _: Market) -> Trends:
    months = months_of(ticker.get_recommendations(), datetime.now(UTC).date())
    if not months:
        raise ProviderError("Yahoo Finance has no recommendations for this symbol.")
    return Trends(months=months)


_CALLS: Mapping[type, Callable[[Any, Market], Data]] = {
    Profile: _profile,
    Prices: _prices,
    Financials: _financials,
    Intel: _intel,
    Benchmark: _benchmark,
    News: _news,
    Trends: _trends,
}


def _prepare(folder: str) -> None:
    """Load yfinance; it hides no failure, and remembers no answer of an earlier call."""
    import yfinance  # noqa: PLC0415
    from yfinance.data import YfData  # noqa: PLC0415

    _keep_in(folder)
    yfinance.config.debug.hide_exceptions = False
    YfData.cache_get.cache_clear()  # else a failure would be given again until midnight


@lru_cache(maxsize=1)
def _keep_in(folder: str) -> None:
    """Its cookies and time zones go there, not to the user's home."""
    import yfinance  # noqa: PLC0415

    yfinance.set_tz_cache_location(folder)


def _or_nothing(part: Callable[[], Any]) -> Any:
    """A part that a company may not have, as small ones have no estimates; other failures are failures."""
    from yfinance.exceptions import YFException, YFRateLimitError  # noqa: PLC0415

    try:
        return part()
    except YFRateLimitError:
        raise
    except (YFException, LookupError, ValueError, TypeError):
        return None
    except Exception as error:
        if _status(error) == 404:
            return None
        raise


@contextmanager
def _in_our_words() -> Iterator[None]:
    """Whatever yfinance raises becomes a ProviderError, which names the exception for the log."""
    try:
        yield
    except ProviderError:
        raise
    except Exception as error:
        told = ProviderError(_said(error))
        told.add_note(type(error).__name__)
        raise told from None


def _said(error: Exception) -> str:
    from curl_cffi.const import CurlECode  # noqa: PLC0415

    status = _status(error)
    if getattr(error, "code", None) == CurlECode.FILESIZE_EXCEEDED:
        return "Yahoo Finance sent more than it may."
    if status == 404:
        return "Yahoo Finance has nothing of this kind for this symbol."
    if status is not None:
        return f"Yahoo Finance answered with an error (status {status})."
    return next(
        (words for kind, words in _words() if isinstance(error, kind)), "Yahoo Finance sent something unexpected."
    )


def _words() -> Iterator[tuple[type[Exception], str]]:
    """What is said of each exception; the first that fits."""
    from curl_cffi.requests import exceptions as curl  # noqa: PLC0415
    from yfinance import exceptions as yahoo  # noqa: PLC0415

    yield yahoo.YFRateLimitError, "Yahoo Finance is asked too often; try it again later."
    yield yahoo.YFTickerMissingError, "Yahoo Finance has no prices for this symbol."
    yield json.JSONDecodeError, "Yahoo Finance sent something unexpected."
    yield curl.Timeout, "Yahoo Finance did not answer in time."
    yield curl.RequestException, "Yahoo Finance could not be reached."


def _status(error: Exception) -> int | None:
    status = getattr(getattr(error, "response", None), "status_code", None)
    return status if isinstance(status, int) and status >= 400 else None
