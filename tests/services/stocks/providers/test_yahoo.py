"""The provider with the real yfinance in its real worker process, which asks a stand-in for Yahoo on loopback."""

import json
import os
import signal
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from served import eventually
from services.stocks.analysing import Scripted, serving_stocks, stream
from services.stocks.loopback_server import Answer
from services.stocks.yahoo_answers import SUMMARY, answers, chart, not_found, summary
from services.stocks.yahoo_server import Asked, Yahoo, yahoo_server
from worker_processes import PROC, workers

from streamcontract.server import StartError
from streamcontract.services.stocks import service
from streamcontract.services.stocks.market import (
    Bar,
    Benchmark,
    Data,
    Financials,
    Headline,
    Intel,
    MarketData,
    News,
    Peer,
    Period,
    Prices,
    Profile,
    Trends,
)
from streamcontract.services.stocks.providers import yahoo as yahoo_module
from streamcontract.services.stocks.providers.make import make_provider
from streamcontract.services.stocks.providers.provider import ProviderError, UnknownSymbolError
from streamcontract.services.stocks.providers.yahoo import YahooProvider, make_yahoo, written_by_yahoo
from streamcontract.services.stocks.settings import StocksSettings

pytest.importorskip("yfinance")

SETTINGS = StocksSettings(provider="yfinance", workers=2)
KINDS: tuple[type[Data], ...] = (Profile, Prices, Financials, Intel, Benchmark, News, Trends)


@pytest.fixture(scope="module")
def portal() -> Iterator[BlockingPortal]:
    """An event loop for all tests here, so that they share the worker process, which takes seconds to start."""
    with start_blocking_portal() as running:
        yield running


@pytest.fixture(scope="module")
def server() -> Iterator[Yahoo]:
    with yahoo_server() as running:
        yield running


@pytest.fixture(scope="module")
def provider(server: Yahoo, portal: BlockingPortal) -> Iterator[YahooProvider]:
    made = make_yahoo(SETTINGS)
    yield made
    portal.call(made.close)


@pytest.fixture
def fetch(server: Yahoo, portal: BlockingPortal, provider: YahooProvider) -> Iterator[Any]:
    """Fetches a kind of data about a symbol, with some answers changed."""

    def fetch(kind: type[Data], symbol: str = "ACME", **changes: Any) -> Any:
        paths = {PATHS[name]: change for name, change in changes.items()}
        server.answer = answers(paths)
        server.asked.clear()
        return portal.call(provider.fetch, kind, symbol, 30)

    yield fetch
    server.answer = answers()


PATHS = {
    "chart": "/v8/finance/chart/",
    "summary": "/v10/finance/quoteSummary/",
    "quote": "/v7/finance/quote",
    "screener": "/v1/finance/screener",
    "statements": "/ws/fundamentals-timeseries/",
    "news": "/xhr/ncp",
    "everything": "/",
}


def said(status: int, content: bytes = b"<html>for internal eyes</html>") -> Any:
    return lambda _: Answer(content, status)


def test_a_profile_is_whole_and_of_plain_text(fetch: Any) -> None:
    assert fetch(Profile) == Profile(
        name="Acme Anvils, Inc.",
        exchange="NasdaqGS",
        currency="USD",
        sector="Industrials",
        industry="Tools & Accessories",
        country="United States",
        summary="Makes anvils and other <b>things</b>.",
    )


def test_prices_are_adjusted_and_the_oldest_first(fetch: Any) -> None:
    bars = (
        Bar(date(2026, 1, 5), 50.0, 1000),
        Bar(date(2026, 1, 6), 50.75, 1001),
        Bar(date(2026, 1, 7), 49.625, 1002),
    )
    assert fetch(Prices) == Prices(bars=bars)


def test_statements_are_put_together_by_their_years(fetch: Any) -> None:
    newest = Period(ends=date(2025, 9, 30), revenue=4e8, net_income=2.4e7, total_assets=9e8, capital_expenditure=1.5e7)
    older = Period(ends=date(2024, 9, 30), revenue=3.5e8, total_assets=8e8, operating_cash_flow=3e7)
    assert fetch(Financials) == Financials(currency="EUR", periods=(newest, older))


def test_market_intelligence_has_targets_growth_and_peers(fetch: Any) -> None:
    peers = (Peer(symbol="HAMR", name="Hammer & Sons", pe=18.0, pb=3.25), Peer(symbol="TONG", name="Tongs"))
    assert fetch(Intel) == Intel(
        target_low=90.0,
        target_mean=125.25,
        target_high=150.0,
        analysts=17,
        growth=0.083,
        short_share=0.031,
        peers=peers,
    )


def test_a_company_that_nobody_estimates_has_market_intelligence_all_the_same(fetch: Any) -> None:
    known = {name: SUMMARY[name] for name in ("quoteType", "assetProfile", "defaultKeyStatistics")}
    found = fetch(Intel, summary=partial(summary, known=known), screener=said(404))
    assert found == Intel(short_share=0.031)


def test_peers_are_asked_for_by_industry_and_region(fetch: Any, server: Yahoo) -> None:
    known = {**SUMMARY, "assetProfile": {"industry": "Software - Infrastructure"}}
    assert len(fetch(Intel, "ACME.NS", summary=partial(summary, known=known)).peers) == 3
    (asked,) = (json.loads(asked.body) for asked in server.asked if asked.path == PATHS["screener"])
    operands = [part["operands"] for part in asked["query"]["operands"]]
    assert operands == [["industry", "Software—Infrastructure"], ["region", "in"]]
    assert (asked["size"], asked["sortField"], asked["sortType"]) == (7, "intradaymarketcap", "DESC")


@pytest.mark.parametrize(
    ("symbol", "index", "name"),
    [("ACME", "^GSPC", "S&P 500"), ("ACME.NS", "^NSEI", "NIFTY 50"), ("ACME.BO", "^BSESN", "BSE SENSEX")],
)
def test_each_market_has_its_index(fetch: Any, server: Yahoo, symbol: str, index: str, name: str) -> None:
    found: Benchmark = fetch(Benchmark, symbol)
    assert (found.name, len(found.bars)) == (name, 3)
    asked = {asked.path.rpartition("/")[2] for asked in server.asked if asked.path.startswith(PATHS["chart"])}
    assert {path.replace("%5E", "^") for path in asked} == {index}


def test_news_are_the_newest_first_and_no_more_than_fifty(fetch: Any) -> None:
    found: News = fetch(News)
    assert found.headlines[:2] == (
        Headline(
            title="Anvils rise \N{REPLACEMENT CHARACTER} again",
            publisher="The Wire",
            published=datetime(2026, 11, 20, 10, tzinfo=UTC),
        ),
        Headline(
            title="Anvils <script>alert(1)</script> fall",
            publisher="The Wire",
            published=datetime(2026, 11, 18, 10, tzinfo=UTC),
        ),
    )
    assert len(found.headlines) == 50
    assert not any("Buy anvils" in headline.title for headline in found.headlines)


def test_recommendations_are_by_month_and_the_newest_first(fetch: Any) -> None:
    found: Trends = fetch(Trends)
    now = datetime.now(UTC)
    before = f"{now.year - (now.month == 1):04d}-{(now.month - 2) % 12 + 1:02d}"
    assert [month.month for month in found.months] == [f"{now:%Y-%m}", before]
    first = found.months[0]
    assert (first.strong_buy, first.buy, first.hold, first.sell, first.strong_sell) == (5, 12, 7, 1, 0)


def test_figures_that_are_no_numbers_are_left_out(fetch: Any) -> None:
    odd = json.dumps(chart("ACME", [100.0, None, float("inf"), float("nan"), 102.0])).encode()
    found: Prices = fetch(Prices, chart=lambda _: Answer(odd))
    assert [bar.close for bar in found.bars if bar.close is not None] == [50.0, 51.0]


def test_no_more_prices_are_taken_than_there_can_be(fetch: Any) -> None:
    many = json.dumps(chart("ACME", [100.0] * 5000)).encode()
    assert len(fetch(Prices, chart=lambda _: Answer(many)).bars) == 1000


@pytest.mark.parametrize(
    ("symbol", "written"), [("BRK.B", "BRK-B"), ("BRK-B", "BRK-B"), ("INFY.NS", "INFY.NS"), ("TCS.BO", "TCS.BO")]
)
def test_the_class_of_a_share_is_written_as_yahoo_does(symbol: str, written: str) -> None:
    assert written_by_yahoo(symbol) == written


def test_what_is_asked_of_yahoo_is_its_way_of_writing(fetch: Any, server: Yahoo) -> None:
    fetch(Prices, "BRK.B")
    assert {asked.path for asked in server.asked if asked.path.startswith(PATHS["chart"])} == {f"{PATHS['chart']}BRK-B"}


def test_a_symbol_that_is_known_is_valid(server: Yahoo, portal: BlockingPortal, provider: YahooProvider) -> None:
    server.answer = answers()
    portal.call(provider.validate, "ACME", 30)


def test_a_symbol_that_is_not_known_is_told(server: Yahoo, portal: BlockingPortal, provider: YahooProvider) -> None:
    server.answer = answers({PATHS["chart"]: not_found})
    with pytest.raises(UnknownSymbolError, match=r"^Yahoo Finance knows no symbol NONE\.$"):
        portal.call(provider.validate, "NONE", 30)


@pytest.mark.parametrize("status", [500, 503])
def test_an_error_of_the_server_is_not_an_unknown_symbol(
    server: Yahoo, portal: BlockingPortal, provider: YahooProvider, status: int
) -> None:
    error = {"code": "Internal", "description": "it broke"}
    server.answer = answers({PATHS["chart"]: said(status, json.dumps({"chart": {"error": error}}).encode())})
    with pytest.raises(ProviderError) as told:
        portal.call(provider.validate, "ACME", 30)
    assert (type(told.value), str(told.value)) == (
        ProviderError,
        f"Yahoo Finance answered with an error (status {status}).",
    )


OFTEN = "Yahoo Finance is asked too often; try it again later."


@pytest.mark.parametrize("kind", KINDS)
def test_being_asked_too_often_is_told_by_each_kind(fetch: Any, kind: type[Data]) -> None:
    with pytest.raises(ProviderError) as told:
        fetch(
            kind,
            everything=said(429, b"Too Many Requests"),
            **{name: said(429) for name in PATHS if name != "everything"},
        )
    assert str(told.value) == OFTEN


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "answer",
    [
        said(500),
        said(200),
        said(200, b"[[[["),
        said(200, b"[]"),
        said(200, b'{"chart": 1, "quoteSummary": 2, "data": 3}'),
    ],
)
def test_an_error_or_garbage_is_told_in_words_of_ours(fetch: Any, kind: type[Data], answer: Any) -> None:
    with pytest.raises(ProviderError) as told:
        fetch(kind, **{name: answer for name in PATHS if name != "everything"})
    words = str(told.value)
    assert words.startswith("Yahoo Finance "), words
    assert not any(part in words for part in ("html", "http", "internal", "yahoo.com")), words


@pytest.mark.parametrize("status", [400, 401, 500, 503])
@pytest.mark.parametrize("kind", KINDS)
def test_an_error_that_is_json_is_an_error_with_its_status(fetch: Any, kind: type[Data], status: int) -> None:
    error = said(status, b'{"error": {"code": "Internal", "description": "it broke"}, "finance": {"result": null}}')
    with pytest.raises(ProviderError) as told:
        fetch(kind, **{name: error for name in PATHS if name != "everything"})
    assert str(told.value) == f"Yahoo Finance answered with an error (status {status})."


def test_a_statement_that_is_missing_by_an_error_is_not_left_out(fetch: Any) -> None:
    def answer(asked: Asked) -> Answer:
        return Answer(b"{}", 503) if "OperatingCashFlow" in asked.query["type"] else answers()(asked)

    with pytest.raises(ProviderError, match=r"\(status 503\)"):
        fetch(Financials, statements=answer)


def test_a_failure_is_not_remembered(fetch: Any) -> None:
    with pytest.raises(ProviderError):
        fetch(Financials, statements=said(500))
    assert len(fetch(Financials).periods) == 2


def test_an_answer_without_an_end_is_cut(fetch: Any) -> None:
    with pytest.raises(ProviderError) as told:
        fetch(Prices, chart=lambda _: Answer(b" " * 65536, endless=True))
    assert str(told.value) == "Yahoo Finance sent more than it may."


def test_a_server_that_cannot_be_reached_is_told(fetch: Any) -> None:
    def cut(_: Asked) -> Answer:
        raise ConnectionAbortedError

    with pytest.raises(ProviderError) as told:
        fetch(Prices, chart=cut)
    assert str(told.value) == "Yahoo Finance could not be reached."


def test_nothing_is_written_to_the_users_home(fetch: Any, provider: YahooProvider) -> None:
    fetch(Prices)
    kept = {path.name for path in Path(provider.folder.name).iterdir()}
    assert "cookies.db" in kept
    assert not [path for path in Path.home().rglob("*") if path.name != "ca.pem"]


def test_what_was_kept_is_removed_at_the_end() -> None:
    made = make_yahoo(SETTINGS)
    assert Path(made.folder.name).is_dir()
    anyio.run(made.close)
    assert not Path(made.folder.name).exists()


@PROC
def test_a_download_that_hangs_is_given_up_and_its_process_killed(
    server: Yahoo, portal: BlockingPortal, provider: YahooProvider, fetch: Any
) -> None:
    fetch(Prices)
    busy = workers()
    assert busy
    server.hanging.clear()
    server.answer = answers({PATHS["chart"]: lambda _: server.wait()})

    began = time.monotonic()
    with pytest.raises(TimeoutError):
        portal.call(provider.fetch, Prices, "ACME", 1)
    assert time.monotonic() - began < 5
    assert server.hanging.is_set()
    eventually(lambda: not busy & workers())


@PROC
def test_who_goes_away_ends_the_process(server: Yahoo, portal: BlockingPortal, provider: YahooProvider) -> None:
    before = workers()
    server.hanging.clear()
    server.answer = answers({PATHS["news"]: lambda _: server.wait()})
    going = portal.start_task_soon(provider.fetch, News, "ACME", 30)
    assert server.hanging.wait(60)
    busy = workers() - before or workers()
    going.cancel()
    eventually(lambda: not busy & workers())


def test_a_process_that_ends_is_told(portal: BlockingPortal, provider: YahooProvider, server: Yahoo) -> None:
    server.hanging.clear()
    server.answer = answers({PATHS["news"]: lambda _: server.wait()})
    going = portal.start_task_soon(provider.fetch, News, "ACME", 30)
    assert server.hanging.wait(60)
    for process in workers():
        os.kill(process, signal.SIGKILL)
    with pytest.raises(ProviderError, match=r"^The process that asked Yahoo Finance has ended\.$"):
        going.result(timeout=30)


def test_today_is_that_of_the_exchange(monkeypatch: pytest.MonkeyPatch) -> None:
    class Late(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime(2026, 11, 20, 23, 30, tzinfo=UTC).astimezone(tz)

    monkeypatch.setattr(yahoo_module, "datetime", Late)
    made = make_yahoo(SETTINGS)
    assert (made.today("ACME"), made.today("INFY.NS")) == (date(2026, 11, 20), date(2026, 11, 21))
    anyio.run(made.close)


def test_the_settings_choose_it() -> None:
    made = make_provider(SETTINGS)
    assert (made.source, made.is_sample) == ("Yahoo Finance", False)
    anyio.run(made.close)


def test_without_the_extra_the_start_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yahoo_module, "find_spec", lambda _: None)
    with pytest.raises(StartError, match=r"pip install 'streamcontract\[market\]'"):
        make_provider(SETTINGS)


def test_a_run_of_the_service_has_all_its_data_from_yahoo(
    server: Yahoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answer = answers({PATHS["news"]: said(500)})
    monkeypatch.setattr(service, "make_analyst", lambda _: Scripted())
    with serving_stocks(tmp_path, provider="yfinance") as served:
        events = stream(served, "ACME")
        server.answer = answers({PATHS["chart"]: not_found})
        failed = stream(served, "NONE")
    assert events[-1] == ("complete", "")
    assert [data for _, data in events if 'data-status="failed"' in data] == [
        '<div class="workspace-entry" data-status="failed" data-stage="downloading_data" '
        'data-substage="downloading_news"><p>Yahoo Finance answered with an error (status 500). '
        "The analysis goes on without it.</p></div>"
    ]
    saved = msgspec.json.decode((tmp_path / "ACME" / "data.json").read_bytes(), type=MarketData)
    assert (saved.source, saved.news, len(saved.prices.bars)) == ("Yahoo Finance", None, 3)
    name, why = failed[-1]
    assert (name, "Yahoo Finance knows no symbol NONE." in why) == ("stream_error", True)
