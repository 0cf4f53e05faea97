"""The service from its contract, over a real socket: streams, refusals, shared runs, what is kept, and who leaves."""

import asyncio
import json
import re
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from served import LIMIT, Served, eventually, read_until
from services.stocks.analysing import DATA, Scripted, Waiting, parsed, serving_stocks, stream

from streamcontract.services.stocks.analysts.analyst import Analysis
from streamcontract.services.stocks.analysts.rules import rules_analyst
from streamcontract.services.stocks.market import MarketData, News, Prices
from streamcontract.services.stocks.providers.make import SAMPLE
from streamcontract.services.stocks.providers.provider import ProviderError, UnknownSymbolError
from streamcontract.services.stocks.stages import STEPS, Step

ENTRIES = 2 + 2 * sum(map(len, STEPS.values()))


def get(path: str = "/stream?symbol=AAPL") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()


def health(served: Served) -> dict[str, Any]:
    found: dict[str, Any] = next(iter(served.client.get("/health").json()["services"].values()))
    return found


def test_the_bytes_of_a_stream(tmp_path: Path) -> None:
    with serving_stocks(tmp_path, Scripted()) as served:
        response = served.client.get("/stream?symbol=AAPL")
        headers = {name: response.headers[name] for name in ("cache-control", "connection", "x-accel-buffering")}
        assert headers == {
            "cache-control": "no-cache, no-transform",
            "connection": "keep-alive",
            "x-accel-buffering": "no",
        }
        assert response.headers["content-type"].startswith("text/event-stream")
        begins = b'retry: 3000\ndata: <div class="workspace-entry" data-status="in_progress" data-stage="starting">'
        assert response.content.startswith(begins)
        assert response.content.endswith(b"</div>\n\nevent: complete\ndata: \n\n")
        blocks = response.content.decode().split("\n\n")
        assert len(blocks) == ENTRIES + 2  # and `complete`, and what is behind the last blank line
        assert all(block.startswith("data: <div ") and "\n" not in block for block in blocks[1:-2])
        assert len(stream(served)) == ENTRIES + 1


def test_a_symbol_in_lower_case_is_the_same(tmp_path: Path) -> None:
    scripted = Scripted()
    with serving_stocks(tmp_path, scripted) as served:
        assert stream(served, "aapl") == stream(served, "AAPL")
        assert {symbol for symbol, _ in scripted.fetched} == {"AAPL"}


@pytest.mark.parametrize("path", ["/stream", "/stream/mock"])
@pytest.mark.parametrize(
    "symbol", ["", "AAPL\n", "AAPL\r\n", "..", "../AAPL", "AAPL/..", "TOOLONG", "AAPL\0", "1", "É", "A A"]
)
def test_what_is_no_symbol_is_refused(tmp_path: Path, path: str, symbol: str) -> None:
    with serving_stocks(tmp_path, Scripted(), app_mode="dev") as served:
        response = served.client.get(path, params={"symbol": symbol})
        assert (response.status_code, response.headers["content-type"]) == (400, "application/problem+json")
        assert "symbol" in response.json()["detail"]


def test_a_symbol_is_asked_for(tmp_path: Path) -> None:
    with serving_stocks(tmp_path, Scripted()) as served:
        assert served.client.get("/stream").status_code == 400


@pytest.mark.parametrize("delay", ["-1", "5001", "1.5", "ten", ""])
def test_a_delay_out_of_its_bounds_is_refused(tmp_path: Path, delay: str) -> None:
    with serving_stocks(tmp_path, Scripted(), app_mode="dev") as served:
        assert served.client.get("/stream/mock", params={"symbol": "AAPL", "delay_ms": delay}).status_code == 400


def test_the_mock_is_for_development_only(tmp_path: Path) -> None:
    with serving_stocks(tmp_path, Scripted()) as served:
        response = served.client.get("/stream/mock?symbol=AAPL")
        assert (response.status_code, response.headers["content-type"]) == (404, "application/problem+json")


def test_the_mock_is_the_same_byte_for_byte_and_keeps_nothing(tmp_path: Path) -> None:
    with serving_stocks(tmp_path, Scripted(), app_mode="dev") as served:
        path = "/stream/mock?symbol=AAPL&delay_ms=0"
        assert served.client.get(path).content == served.client.get(path).content
        assert len(stream(served, path="/stream/mock", delay_ms=0)) == ENTRIES + 1
        assert not list(tmp_path.glob("*/*"))
        stream(served)
        assert served.client.get(path).content.count(b"(mock)") > 5


def test_the_mock_waits_between_its_entries(tmp_path: Path) -> None:
    with serving_stocks(tmp_path, Scripted(), app_mode="dev", mock_delay_limit=20) as served:
        started = time.monotonic()
        stream(served, path="/stream/mock", delay_ms=5000)
        assert 0.02 * (ENTRIES - 1) <= time.monotonic() - started < 5


def test_a_mock_that_fails_says_so(tmp_path: Path) -> None:
    with serving_stocks(tmp_path, Scripted(), app_mode="dev") as served:
        events = stream(served, "FAIL", "/stream/mock", delay_ms=0)
        assert events[-1][0] == "stream_error"
        assert events == stream(served, "FAIL", "/stream/mock", delay_ms=0)


@pytest.mark.parametrize(
    ("scripted", "why"),
    [
        (Scripted(validate=UnknownSymbolError("It is not known.")), "It is not known."),
        (Scripted({**DATA, Prices: ProviderError("No prices\nto be had.")}), "No prices to be had."),
        (Scripted({**DATA, Prices: RuntimeError("socket 10.0.0.1 said <secret>")}), "Internal error."),
        (Scripted(report=RuntimeError("secret")), "Internal error."),
        (Scripted({**DATA, Prices: asyncio.CancelledError("secret")}), "Internal error."),
        (Scripted({**DATA, Prices: SystemExit("secret")}), "Internal error."),
        (Scripted({**DATA, Prices: ProviderError("A \0 and \x1b are no text.")}), "A and are no text."),
    ],
)
def test_a_run_that_fails_says_what_failed_and_is_not_kept(
    tmp_path: Path, scripted: Scripted, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving_stocks(tmp_path, scripted) as served:
        events = stream(served)
        name, text = events[-1]
        assert name == "stream_error"
        found = re.fullmatch(r"AAPL could not be analysed\. (.*) Reference: ([0-9a-f]{8})", text)
        assert found is not None
        assert found[1] == why
        assert "secret" not in str(events)
        assert found[2] in capsys.readouterr().err
        assert not list(tmp_path.glob("*/.*"))
        asked = len(scripted.fetched)
        again = stream(served)
        assert again[-1][0] == "stream_error"
        assert len(scripted.fetched) == 2 * asked


def test_a_run_that_a_library_cancels_takes_no_other_with_it(tmp_path: Path) -> None:
    news = Waiting(DATA[News])
    scripted = Scripted({**DATA, News: news})
    with serving_stocks(tmp_path, scripted) as served, ThreadPoolExecutor(1) as clients:
        other = clients.submit(stream, served, "AAPL")
        eventually(lambda: news.asked)
        scripted.data = {**DATA, Prices: asyncio.CancelledError()}
        assert stream(served, "MSFT")[-1][0] == "stream_error"
        scripted.data = DATA
        assert stream(served, "MSFT")[-1] == ("complete", "")
        news.go.set()
        assert other.result(LIMIT)[-1] == ("complete", "")


def test_what_failed_once_may_succeed_later(tmp_path: Path) -> None:
    scripted = Scripted({**DATA, Prices: ProviderError("Not now.")})
    with serving_stocks(tmp_path, scripted) as served:
        assert stream(served)[-1][0] == "stream_error"
        scripted.data = DATA
        assert stream(served)[-1] == ("complete", "")


def test_a_result_is_replayed_as_it_was_sent(tmp_path: Path) -> None:
    scripted = Scripted()
    with serving_stocks(tmp_path, scripted) as served:
        first = served.client.get("/stream?symbol=AAPL").content
        fetched = list(scripted.fetched)
        scripted.data = {kind: RuntimeError("asked again") for kind in DATA}
        assert served.client.get("/stream?symbol=AAPL").content == first
        assert scripted.fetched == fetched
        kept = json.loads((tmp_path / "AAPL" / ".ui_stream_cache.json").read_text())
        assert kept == {"symbol": "AAPL", "messages": [data for name, data in parsed(first) if name is None]}
    with serving_stocks(tmp_path, scripted) as served:  # also by a server that was started anew
        assert served.client.get("/stream?symbol=AAPL").content == first


def test_a_result_is_not_used_beyond_its_time(tmp_path: Path) -> None:
    scripted = Scripted()
    with serving_stocks(tmp_path, scripted, cache_ttl=0) as served:
        stream(served)
        stream(served)
        assert len(scripted.fetched) == 2 * len(DATA)


def test_a_result_that_cannot_be_kept_is_a_result_all_the_same(tmp_path: Path) -> None:
    with serving_stocks(tmp_path, Scripted()) as served:
        (tmp_path / "AAPL" / ".ui_stream_cache.json").mkdir(parents=True)
        assert stream(served)[-1] == ("complete", "")


def test_twenty_clients_of_one_symbol_share_a_run(tmp_path: Path) -> None:
    news = Waiting(DATA[News])
    scripted = Scripted({**DATA, News: news})
    with serving_stocks(tmp_path, scripted, runs_per_minute=1) as served, ThreadPoolExecutor(20) as clients:
        streams = [clients.submit(stream, served) for _ in range(20)]
        eventually(lambda: health(served)["readers"] == 20)
        assert health(served)["runs"] == 1
        news.go.set()
        found = [each.result(LIMIT) for each in streams]
        assert len(found[0]) == ENTRIES + 1
        assert all(events == found[0] for events in found)
        assert (news.asked, len(scripted.fetched)) == (1, len(DATA))


def test_nobody_starts_a_second_run_when_one_is_over_at_once(tmp_path: Path) -> None:
    scripted = Scripted()
    with serving_stocks(tmp_path, scripted) as served, ThreadPoolExecutor(20) as clients:
        for symbol in ("AAPL", "MSFT", "BRK-B"):
            asked = [clients.submit(served.client.get, f"/stream?symbol={symbol}") for _ in range(40)]
            found = {answer.result(LIMIT).content for answer in asked}
            assert [content[-26:] for content in found] == [b"\n\nevent: complete\ndata: \n\n"]
            assert [kind for fetched, kind in scripted.fetched if fetched == symbol] == list(DATA)


def test_two_symbols_run_side_by_side_and_are_not_mixed(tmp_path: Path) -> None:
    news = Waiting(DATA[News])
    with serving_stocks(tmp_path, Scripted({**DATA, News: news})) as served, ThreadPoolExecutor(2) as clients:
        streams = [clients.submit(stream, served, symbol) for symbol in ("AAPL", "MSFT")]
        eventually(lambda: news.asked == 2)
        news.go.set()
        apple, microsoft = (str(each.result(LIMIT)) for each in streams)
        assert "MSFT" not in apple
        assert "AAPL" not in microsoft


def test_a_client_that_leaves_stops_the_run(tmp_path: Path) -> None:
    news = Waiting(DATA[News])
    with serving_stocks(tmp_path, Scripted({**DATA, News: news})) as served:
        with served.connect() as connection:
            connection.sendall(get())
            read_until(connection, b'"downloading_news"')
            eventually(lambda: news.asked)
            assert health(served)["runs"] == 1
        eventually(lambda: news.stopped == 1)
        eventually(lambda: health(served)["runs"] == health(served)["readers"] == 0)
        assert not (tmp_path / "AAPL").exists()
        news.go.set()
        assert stream(served)[-1] == ("complete", "")


def test_a_run_that_was_stopped_is_over_when_its_thread_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that computes cannot be stopped: it ends soon by itself, and the run waits for it."""
    began, go, ended = threading.Event(), threading.Event(), threading.Event()

    def slow(_: MarketData) -> Analysis:
        began.set()
        go.wait(LIMIT)
        ended.set()
        return Analysis(summary="too late")

    monkeypatch.setitem(rules_analyst._FROM_DATA, Step.SANITY, slow)
    with serving_stocks(tmp_path) as served:
        with served.connect() as connection:
            connection.sendall(get())
            eventually(began.is_set)
        eventually(lambda: health(served)["readers"] == 0)
        assert health(served)["runs"] == 1
        go.set()
        eventually(lambda: health(served)["runs"] == 0)
        assert ended.is_set()


def test_a_client_that_leaves_others_does_not_stop_them(tmp_path: Path) -> None:
    news = Waiting(DATA[News])
    with serving_stocks(tmp_path, Scripted({**DATA, News: news})) as served, ThreadPoolExecutor(1) as clients:
        with served.connect() as connection:
            connection.sendall(get())
            read_until(connection, b'"downloading_news"')
            stays = clients.submit(stream, served)
            eventually(lambda: health(served)["readers"] == 2)
        eventually(lambda: health(served)["readers"] == 1)
        news.go.set()
        assert stays.result(LIMIT)[-1] == ("complete", "")
        assert (news.asked, news.stopped) == (1, 0)


def test_too_many_runs_of_a_client_in_a_minute(tmp_path: Path) -> None:
    with serving_stocks(tmp_path, Scripted(), runs_per_minute=2, app_mode="dev") as served:
        stream(served, "AAPL")
        stream(served, "AAPL")  # a replay is no run
        stream(served, "MSFT", "/stream/mock", delay_ms=0)
        for path in ("/stream?symbol=A", "/stream/mock?symbol=A"):
            response = served.client.get(path)
            assert (response.status_code, response.headers["content-type"]) == (429, "application/problem+json")
            assert 1 <= int(response.headers["retry-after"]) <= 60
        stream(served, "AAPL")


def test_too_many_symbols_at_once(tmp_path: Path) -> None:
    prices = Waiting(DATA[Prices])
    scripted = Scripted({**DATA, Prices: prices})
    with serving_stocks(tmp_path, scripted, runs_limit=1) as served, ThreadPoolExecutor(2) as clients:
        first = clients.submit(stream, served, "AAPL")
        eventually(lambda: prices.asked)
        response = served.client.get("/stream?symbol=MSFT")
        assert (response.status_code, response.headers["retry-after"]) == (503, "5")
        second = clients.submit(stream, served, "AAPL")
        prices.go.set()
        assert first.result(LIMIT) == second.result(LIMIT)
        eventually(lambda: health(served)["runs"] == 0)
        stream(served, "MSFT")


def test_too_many_streams_at_once(tmp_path: Path) -> None:
    prices = Waiting(DATA[Prices])
    with (
        serving_stocks(tmp_path, Scripted({**DATA, Prices: prices}), readers_limit=1) as served,
        ThreadPoolExecutor(1) as clients,
    ):
        first = clients.submit(stream, served)
        eventually(lambda: prices.asked)
        assert served.client.get("/stream?symbol=AAPL").status_code == 503
        prices.go.set()
        first.result(LIMIT)


def test_a_run_that_takes_too_long_fails(tmp_path: Path) -> None:
    prices = Waiting(DATA[Prices])
    with serving_stocks(tmp_path, Scripted({**DATA, Prices: prices}), run_seconds=0.1) as served:
        name, text = stream(served)[-1]
        assert (name, prices.stopped) == ("stream_error", 1)
        assert "It took longer than 0.1 s." in text


def test_a_server_that_stops_says_so(tmp_path: Path) -> None:
    prices = Waiting(DATA[Prices])
    with (
        serving_stocks(tmp_path, Scripted({**DATA, Prices: prices})) as served,
        ThreadPoolExecutor(1) as clients,
    ):
        open_stream = clients.submit(stream, served)
        eventually(lambda: prices.asked)
        served.app.stop()
        name, text = open_stream.result(LIMIT)[-1]
        assert name == "stream_error"
        assert re.fullmatch(r"The server is stopping; try again later\. Reference: [0-9a-f]{8}", text)
        eventually(lambda: prices.stopped == 1)


def test_clients_have_their_own_limit(tmp_path: Path) -> None:
    """Two addresses of this machine; and, from a proxy on it, two that it names."""
    with serving_stocks(tmp_path, Scripted(), runs_per_minute=1) as served:
        assert served.client.get("/stream?symbol=A").status_code == 200
        assert served.client.get("/stream?symbol=B").status_code == 429
        elsewhere = httpx.HTTPTransport(local_address="127.0.0.2")
        with httpx.Client(base_url=served.url, transport=elsewhere) as other:
            assert other.get("/stream?symbol=B").status_code == 200
            assert other.get("/stream?symbol=C").status_code == 429
        named = {"X-Forwarded-For": "192.0.2.1"}
        assert served.client.get("/stream?symbol=C", headers=named).status_code == 200
        assert served.client.get("/stream?symbol=D", headers=named).status_code == 429


def test_what_is_hostile_in_the_data_is_text(tmp_path: Path) -> None:
    """Through the whole service: files, rules, cards, and the guard, which refuses nothing of it."""
    hostile = '</div><script>alert(1)</script>" onload="x"\'>\n\nevent: complete\ndata: \u2028\0x'
    directory = tmp_path / "files" / "AAPL"
    shutil.copytree(SAMPLE / "AAPL", directory)
    profile = json.loads((directory / "profile.json").read_text())
    (directory / "profile.json").write_text(json.dumps({**profile, "name": hostile, "sector": hostile}))
    headlines = [{"title": f"Record profit {hostile}"}]
    (directory / "news.json").write_text(json.dumps({"headlines": headlines}))
    with serving_stocks(tmp_path / "data", provider="files", files_dir=tmp_path / "files") as served:
        events = stream(served)
        assert events[-1] == ("complete", "")
        shown = "".join(data for name, data in events if name is None)
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown
        assert "<script" not in shown
        assert shown.count("Record profit") >= 1
