"""`web_search` against a server that speaks SearXNG's JSON, as its documentation gives it."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import anyio
import httpx2
import pytest
from wire_server import Exchange, serving

from streamcontract.services.chat.tools import web
from streamcontract.services.chat.tools.toolbox import Toolbox, ToolResult
from streamcontract.services.chat.tools.web_search import WebSearch


def search(url: str, query: str = "latest CPI", seconds: float = 10) -> ToolResult:
    return anyio.run(Toolbox([WebSearch(url)], seconds).run, "web_search", json.dumps({"query": query}))


def found(count: int, content: str | None = "text") -> bytes:
    results = [
        {"url": f"https://site{n}.test/", "title": f"Title {n}", "content": content, "engine": "e", "score": 1.0}
        for n in range(count)
    ]
    more = {"answers": [], "corrections": [], "infoboxes": [], "suggestions": ["x"], "unresponsive_engines": []}
    return json.dumps({"query": "q", "number_of_results": 0, "results": results, **more}).encode()


def answering(body: bytes, status: int = 200) -> Any:
    return lambda exchange: exchange.answer(body, status, "application/json")


@pytest.mark.parametrize("path", ["", "/", "/search", "/searx", "/searx/search"])
def test_a_search_gives_the_first_results(path: str) -> None:
    with serving(answering(found(7))) as server:
        result = search(server.url + path, "a&b=c #ü")
    assert result.error is None
    results = json.loads(result.content)
    assert [each["title"] for each in results] == [f"Title {n}" for n in range(5)]
    assert results[0] == {"title": "Title 0", "url": "https://site0.test/", "text": "text"}
    assert result.summary == "Searched the web for 'a&b=c #ü': 5 results."
    asked = urlsplit(server.seen[0].path)
    assert parse_qs(asked.query) == {"q": ["a&b=c #ü"], "format": ["json"]}
    assert asked.path == path.removesuffix("/").removesuffix("/search") + "/search"


def test_few_results_and_long_ones() -> None:
    with serving(answering(found(1, None))) as server:
        assert search(server.url).summary == "Searched the web for 'latest CPI': 1 result."
    with serving(answering(found(0))) as server:
        assert search(server.url).content == "[]"
    with serving(answering(found(7, "x" * 100_000))) as server:
        assert len(json.loads(search(server.url).content)[4]["text"]) == 400


def redirect(exchange: Exchange) -> None:
    exchange.answer(b"", 302, Location="/elsewhere")


def flood(exchange: Exchange) -> None:
    exchange.head(content_type="application/json")
    while not exchange.stopping.is_set():
        exchange.send(b" " * 65_536)


@pytest.mark.parametrize(
    ("script", "why"),
    [
        (answering(b"", 403), "the search server answered with status 403"),
        (answering(b"", 429), "the search server answered with status 429"),
        (redirect, "the search server answered with status 302"),
        (answering(b"<html>"), "the search server's answer could not be read"),
        (answering(b"[]"), "the search server's answer could not be read"),
        (answering(b'{"results": 7}'), "the search server's answer could not be read"),
        (answering(b'{"results": [{"url": 7}]}'), "the search server's answer could not be read"),
        (answering(b"[" * 100_000), "the search server's answer could not be read"),
        (lambda exchange: None, "the search server could not be reached"),
        (flood, "the page has more than 2 MiB"),
    ],
)
def test_a_search_that_fails_is_told(script: Any, why: str) -> None:
    with serving(script) as server:
        assert search(server.url).error == why


def test_a_search_server_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(Exchange.hang) as server:
        assert search(server.url, seconds=0.3).error == "the tool did not finish in time"
        monkeypatch.setattr(web, "TIMEOUT", httpx2.Timeout(0.3))
        assert search(server.url, seconds=60).error == "the search server did not answer in time"


def test_nobody_there_and_no_url() -> None:
    with serving(lambda exchange: None) as server:
        pass
    assert search(server.url).error == "the search server could not be reached"
    assert search("searx").error == "the search server could not be reached"
    assert search("http://[").error == "the search server could not be reached"
