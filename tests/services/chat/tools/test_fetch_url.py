"""`fetch_url` over real sockets, with a resolver of the test's own.

127.0.0.2 stands for the public internet here, so that nothing beyond the loopback is asked; all the rest is as it is.
"""

import gzip
import json
import ssl
import threading
import time
import tracemalloc
import zlib
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any

import anyio
import httpx2
import pytest
import trustme
from services.chat.wire import Exchange, Server, chunked, serving

from streamcontract.services.chat.tools import web
from streamcontract.services.chat.tools.addresses import Gate, is_public
from streamcontract.services.chat.tools.fetch_url import FetchUrl
from streamcontract.services.chat.tools.toolbox import Toolbox, ToolResult
from streamcontract.services.chat.tools.web import MAX_BYTES

OUTSIDE = "127.0.0.2"
HTML = "text/html; charset=utf-8"


class Names:
    """A resolver: each look-up of a name takes the next of its answers; the last one stays."""

    def __init__(self, **answers: Sequence[Sequence[str]]) -> None:
        self.answers = {f"{name}.test": list(each) for name, each in answers.items()}
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        left = self.answers.get(host, [[]])
        return left.pop(0) if len(left) > 1 else left[0]


class Everywhere:
    """The ports of a test's server are whatever is free."""

    def __contains__(self, port: object) -> bool:
        return True


def fetch(
    url: str, names: Names, *, seconds: float = 15, context: ssl.SSLContext | None = None, **gate: Any
) -> ToolResult:
    def public(address: Any) -> bool:
        return address == ip_address(OUTSIDE) or is_public(address)

    made = Gate(**{"resolver": names, "public": public, "ports": Everywhere(), **gate})
    box = Toolbox([FetchUrl(made, context)], seconds)

    async def run() -> ToolResult:
        return await box.run("fetch_url", json.dumps({"url": url}))

    return anyio.run(run)


@pytest.fixture
def site() -> Names:
    return Names(site=[[OUTSIDE]], inside=[["127.0.0.1"]], both=[[OUTSIDE, "127.0.0.1"]])


def page(text: str = "<title>A page</title><p>Hello, <b>reader</b>.</p>", content_type: str = HTML) -> Any:
    return lambda exchange: exchange.answer(text.encode(), content_type=content_type)


def url_of(server: Server, name: str = "site", path: str = "/") -> str:
    return f"http://{name}.test:{server.port}{path}"


def test_a_page_becomes_its_text(site: Names) -> None:
    with serving(page(), host=OUTSIDE) as server:
        result = fetch(url_of(server, path="/a?b=c#d"), site)
    assert result.error is None
    assert result.content == f"Address: {url_of(server, path='/a?b=c')}\nTitle: A page\n\nHello, reader."
    assert result.summary == f"Fetched {url_of(server, path='/a?b=c')}."
    assert result.args == {"url": url_of(server, path="/a?b=c#d")}
    assert result.preview == result.content
    asked = server.seen[0]
    assert (asked.method, asked.path) == ("GET", "/a?b=c")
    assert asked.headers["host"] == f"site.test:{server.port}"
    assert not {"cookie", "authorization"} & set(asked.headers)


@pytest.mark.parametrize("name", ["inside", "both"])
def test_a_name_that_resolves_to_loopback_is_refused_and_nothing_is_sent(site: Names, name: str) -> None:
    with serving(page()) as server:
        result = fetch(url_of(server, name), site)
    assert result.error == "the address is not a public one"
    assert result.content == "Error: the address is not a public one"
    assert server.seen == []


REFUSED_HOSTS = {
    "the address is not a public one": ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "127.1"],
    "the address is not a URL": ["0177.0.0.1", "１２７.0.0.1", "[::1"],
}


@pytest.mark.parametrize(("host", "why"), [(host, why) for why, hosts in REFUSED_HOSTS.items() for host in hosts])
def test_loopback_in_any_notation_is_refused_and_nothing_is_sent(host: str, why: str) -> None:
    with serving(page()) as server:
        result = fetch(f"http://{host}:{server.port}/", Names(), resolver=Gate().resolver)
    assert result.error == why
    assert server.seen == []


@pytest.mark.parametrize(
    "to", ["http://127.0.0.1:{port}/", "http://inside.test:{port}/", "http://169.254.169.254/", "//[::1]:{port}/"]
)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_what_is_not_public_is_refused(site: Names, to: str, status: int) -> None:
    with serving(page()) as secret:
        location = to.format(port=secret.port)
        with serving(lambda exchange: exchange.answer(b"", status, Location=location), host=OUTSIDE) as server:
            result = fetch(url_of(server), site)
    assert result.error == "the address is not a public one"
    assert len(server.seen) == 1
    assert secret.seen == []


@pytest.mark.parametrize(
    ("to", "why"),
    [
        ("file:///etc/passwd", "only http and https addresses can be fetched"),
        ("http://me:secret@site.test/", "an address with a user name in it cannot be fetched"),
        ("http://site.test:0x/", "the page could not be read"),
        ("http://" + "x" * 2100 + "/", "the address has more than 2000 characters"),
    ],
)
def test_a_redirect_to_what_cannot_be_fetched_is_told(site: Names, to: str, why: str) -> None:
    with serving(lambda exchange: exchange.answer(b"", 302, Location=to), host=OUTSIDE) as server:
        assert fetch(url_of(server), site).error == why


def test_redirects_are_followed_each_with_its_own_look_up(site: Names) -> None:
    def lead(exchange: Exchange) -> None:
        if exchange.path == "/end":
            exchange.answer(b"there", content_type="text/plain")
        else:
            exchange.answer(b"", 302, Location="/end", Set_Cookie="a=b")

    with serving(lead, host=OUTSIDE) as server:
        result = fetch(url_of(server), site)
    assert result.content == f"Address: {url_of(server, path='/end')}\n\nthere"
    assert site.asked == ["site.test", "site.test"]
    assert "cookie" not in server.seen[1].headers


def test_redirects_in_a_circle_end(site: Names) -> None:
    with serving(lambda exchange: exchange.answer(b"", 302, Location="/"), host=OUTSIDE) as server:
        assert fetch(url_of(server), site).error == "the page redirects more than 5 times"
    assert len(server.seen) == 6


def test_a_name_that_changes_its_address_gains_nothing(site: Names) -> None:
    """DNS rebinding: public when it is checked, and loopback when it is looked up again, which it is not."""
    names = Names(site=[[OUTSIDE], ["127.0.0.1"]])
    with (
        serving(page("<p>outside</p>"), host=OUTSIDE) as server,
        serving(page("<p>secret</p>"), port=server.port) as secret,
    ):
        result = fetch(url_of(server), names)
        assert result.content.endswith("outside")
        assert secret.seen == []
        assert names.asked == ["site.test"]
        # The next fetch looks it up anew, and now it is refused.
        assert fetch(url_of(server), names).error == "the address is not a public one"
        assert secret.seen == []


def test_a_name_that_changes_its_address_between_redirects_gains_nothing() -> None:
    names = Names(site=[[OUTSIDE], ["127.0.0.1"]])
    with (
        serving(lambda exchange: exchange.answer(b"", 302, Location="/secret"), host=OUTSIDE) as server,
        serving(page("<p>secret</p>"), port=server.port) as secret,
    ):
        assert fetch(url_of(server), names).error == "the address is not a public one"
    assert secret.seen == []


def test_an_allowed_host_may_be_inside(site: Names) -> None:
    with serving(page()) as server:
        assert fetch(url_of(server, "inside"), site, allow=frozenset({"inside.test"})).error is None


def test_the_next_address_is_tried_when_one_does_not_answer() -> None:
    names = Names(site=[["127.0.0.3", OUTSIDE]])
    with serving(page(), host=OUTSIDE) as server:
        result = fetch(url_of(server), names, public=lambda address: True)
        assert result.error is None
    result = fetch(url_of(server), names, public=lambda address: True)
    assert result.error == "the page's server could not be reached"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def test_tls_asks_for_the_name_and_checks_it(authority: trustme.CA, site: Names) -> None:
    names: list[str | None] = []
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("site.test").configure_cert(served)
    served.sni_callback = lambda connection, name, context: names.append(name)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    with serving(page(), host=OUTSIDE, context=served) as server:
        url = f"https://site.test:{server.port}/"
        assert fetch(url, site, context=trusting).error is None
        assert server.seen[0].headers["host"] == f"site.test:{server.port}"
        assert fetch(url, site).error == "the page's server could not be reached"  # an authority that is not trusted
        other = Names(other=[[OUTSIDE]])
        wrong = fetch(f"https://other.test:{server.port}/", other, context=trusting)
        assert wrong.error == "the page's server could not be reached"  # the certificate is for another name
    assert names == ["site.test", "site.test", "other.test"]
    assert len(server.seen) == 1


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
