"""`fetch_url`: pages that are too large, too slow, or no pages; and nothing left behind."""

import gzip
import threading
import time
import tracemalloc
import zlib
from collections.abc import Sequence
from typing import Any

import anyio
import httpx2
import pytest
from services.chat.tools.fetching import HTML, OUTSIDE, Everywhere, Names, fetch, interrupted, page, url_of
from wire_server import Exchange, chunked, serving

from streamcontract.services.chat.tools import fetch_url, web
from streamcontract.services.chat.tools.addresses import Gate
from streamcontract.services.chat.tools.fetch_url import FetchUrl
from streamcontract.services.chat.tools.web import MAX_BYTES


def test_a_page_of_100_mb_is_left_early(site: Names) -> None:
    sent = 0

    def flood(exchange: Exchange) -> None:
        nonlocal sent
        exchange.head(content_type=HTML)
        for _ in range(1600):
            exchange.send(b"x" * 65_536)
            sent += 65_536

    with serving(flood, host=OUTSIDE) as server:
        assert fetch(url_of(server), site).error == "the page has more than 2 MiB"
        assert server.left.wait(10)
    assert sent < 20 * MAX_BYTES


def test_a_page_that_says_it_has_100_mb_is_not_read(site: Names) -> None:
    def tell(exchange: Exchange) -> None:
        exchange.head(content_type=HTML, Content_Length=str(100 * 2**20))
        exchange.hang()

    with serving(tell, host=OUTSIDE) as server:
        assert fetch(url_of(server), site).error == "the page has more than 2 MiB"


PACKERS = {"gzip": gzip.compress, "deflate": zlib.compress}


@pytest.mark.parametrize("kind", PACKERS)
def test_a_small_page_that_unpacks_to_200_mb_is_refused(site: Names, kind: str) -> None:
    packed = PACKERS[kind](bytes(200 * 2**20), 1)
    assert len(packed) < MAX_BYTES
    with serving(
        lambda exchange: exchange.answer(packed, content_type=HTML, Content_Encoding=kind), host=OUTSIDE
    ) as server:
        tracemalloc.start()
        try:
            assert fetch(url_of(server), site).error == "the page has more than 2 MiB"
            assert tracemalloc.get_traced_memory()[1] < 20 * 2**20
        finally:
            tracemalloc.stop()


@pytest.mark.parametrize("kind", ["gzip, gzip", "br", "zstd", "compress"])
def test_a_packing_that_was_not_asked_for_is_refused(site: Names, kind: str) -> None:
    with serving(
        lambda exchange: exchange.answer(b"xx", content_type=HTML, Content_Encoding=kind), host=OUTSIDE
    ) as server:
        assert fetch(url_of(server), site).error == "the page is packed in a way that was not asked for"


def test_a_packed_page_is_read(site: Names) -> None:
    packed = gzip.compress(b"<p>small</p>")
    with serving(
        lambda exchange: exchange.answer(packed, content_type=HTML, Content_Encoding="gzip"), host=OUTSIDE
    ) as server:
        assert fetch(url_of(server), site).content.endswith("small")


def drip_head(exchange: Exchange) -> None:
    exchange.send(b"HTTP/1.1 200 OK\r\n")
    while not exchange.stopping.wait(0.02):
        exchange.send(b"X: y\r\n")


def drip_body(exchange: Exchange) -> None:
    exchange.head(content_type=HTML)
    while not exchange.stopping.wait(0.02):
        exchange.send(b"x")


def drip_redirects(exchange: Exchange) -> None:
    exchange.stopping.wait(0.2)
    exchange.answer(b"", 302, Location="/")


@pytest.mark.parametrize("slow", [drip_head, drip_body, drip_redirects, Exchange.hang])
def test_a_slow_page_is_given_up(site: Names, slow: Any) -> None:
    with serving(slow, host=OUTSIDE) as server:
        assert fetch(url_of(server), site, seconds=0.5).error == "the tool did not finish in time"


@pytest.mark.parametrize("begun", [False, True])
def test_a_page_that_falls_silent_is_given_up_before_the_time_of_the_tool_is_over(
    site: Names, begun: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "TIMEOUT", httpx2.Timeout(0.3))

    def fall_silent(exchange: Exchange) -> None:
        if begun:
            exchange.answer(b"<p>half", content_type=HTML)
        exchange.hang()

    with serving(fall_silent, host=OUTSIDE) as server:
        assert fetch(url_of(server), site, seconds=60).error == "the page did not answer in time"


def test_a_slow_resolver_is_given_up() -> None:
    class Slow(Names):
        async def __call__(self, host: str, port: int) -> Sequence[str]:
            await anyio.sleep_forever()
            raise AssertionError

    assert fetch("http://site.test/", Slow(), seconds=0.2).error == "the tool did not finish in time"


def test_a_page_that_takes_minutes_to_parse_is_given_up(site: Names) -> None:
    began = time.monotonic()
    with serving(page("<div>" * 300_000), host=OUTSIDE) as server:
        assert fetch(url_of(server), site, seconds=2).error == "the tool did not finish in time"
    assert time.monotonic() - began < 30


def cut(exchange: Exchange) -> None:
    exchange.head(content_type=HTML, Transfer_Encoding="chunked")
    exchange.send(chunked(b"<p>half"))


@pytest.mark.parametrize(
    ("script", "why"),
    [
        (page(content_type="image/png"), "the page is not a text"),
        (page(content_type="application/octet-stream"), "the page is not a text"),
        (page(content_type=""), "the page is not a text"),
        (lambda exchange: exchange.answer(b"", 404, HTML), "the page answered with status 404"),
        (lambda exchange: exchange.answer(b"", 500, HTML), "the page answered with status 500"),
        (lambda exchange: exchange.answer(b"", 304, HTML), "the page answered with status 304"),
        (lambda exchange: exchange.send(b"SSH-2.0-OpenSSH_9\r\n"), "the page could not be read"),
        (lambda exchange: None, "the page could not be read"),
        (cut, "the page could not be read"),
        (
            lambda exchange: exchange.answer(b"no gzip", 200, HTML, Content_Encoding="gzip"),
            "the page could not be read",
        ),
    ],
)
def test_a_page_that_cannot_be_read_is_told_in_our_words(site: Names, script: Any, why: str) -> None:
    with serving(script, host=OUTSIDE) as server:
        assert fetch(url_of(server), site).error == why


def test_no_proxy_of_the_environment_is_used(site: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(page("<p>proxy</p>")) as proxy, serving(page(), host=OUTSIDE) as server:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy", "https_proxy", "HTTPS_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        assert fetch(url_of(server), site).error is None
    assert proxy.seen == []


def test_a_fetch_that_is_cancelled_leaves_the_server_at_once(site: Names) -> None:
    asked, gone = threading.Event(), threading.Event()

    def hang(exchange: Exchange) -> None:
        asked.set()
        if exchange.hang():
            gone.set()

    async def run(url: str) -> None:
        gate = Gate(resolver=site, public=lambda address: True, ports=Everywhere())  # type: ignore[arg-type]
        async with anyio.create_task_group() as group:
            group.start_soon(FetchUrl(gate).run, {"url": url})
            await anyio.to_thread.run_sync(asked.wait, 10)
            group.cancel_scope.cancel()
        assert await anyio.to_thread.run_sync(gone.wait, 10)

    with serving(hang, host=OUTSIDE) as server:
        anyio.run(run, url_of(server))


def test_ctrl_c_while_a_page_is_parsed_is_not_for_the_parser(site: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch_url, "text_of", interrupted)
    with serving(page(), host=OUTSIDE) as server:
        assert fetch(url_of(server), site).content.endswith("Hello, reader.")
