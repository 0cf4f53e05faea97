"""The transport against servers that do everything wrong: each ends in bounded time, with what happened said."""

import gzip
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest
from large_streams import narrow
from literal_server import (
    Do,
    Endless,
    Hang,
    Keep,
    LiteralServer,
    Pause,
    Received,
    Reset,
    Route,
    Step,
    Wait,
    chunk,
    head,
    plain,
    stream,
)

from streamcontract import Request
from streamcontract_harness.exchange import Ending, Exchange, SentRequest
from streamcontract_harness.reading import Reading
from streamcontract_harness.transport import Limits, Transport, UnsendableError

QUICK = Limits(seconds=0.4, connect_seconds=0.4, linger=0.1, size=200_000, chunks=2_000, head=20_000)
SLACK = 2.0
"""Seconds that a loaded machine may need on top of a limit."""


def request_to(url: str, method: str = "GET", body: bytes | None = None, **headers: str) -> SentRequest:
    return SentRequest("op", method, url, tuple(headers.items()), body, Request(method, url))


@pytest.fixture(scope="module")
def transport() -> Iterator[Transport]:
    with Transport(QUICK) as transport:
        yield transport


@pytest.fixture(scope="module")
def patient() -> Iterator[Transport]:
    with Transport(Limits(seconds=20)) as transport:
        yield transport


def ask(transport: Transport, route: Route, **arguments: object) -> Exchange:
    with LiteralServer({"*": route}) as server:
        return transport.exchange(request_to(server.url + "/events"), **arguments)  # type: ignore[arg-type]


class Recorder:
    """A listener that says that all has been said once `enough` has come."""

    def __init__(self, enough: bytes = b"never") -> None:
        self.heads: list[int | None] = []
        self.seen = b""
        self.enough = enough

    def head(self, exchange: Exchange) -> None:
        self.heads.append(exchange.status)

    def chunk(self, at: float, data: bytes) -> bool:
        self.seen += data
        return self.enough in self.seen


def test_keeps_head_chunks_and_times(patient: Transport) -> None:
    gate = threading.Event()

    class OpenGate(Recorder):
        def chunk(self, at: float, data: bytes) -> bool:
            gate.set()
            return super().chunk(at, data)

    listener = OpenGate()
    exchange = ask(patient, stream(b"data: 1\n\n", Wait(gate), b"data: 2\n\n", x_kind="a"), listener=listener)
    assert (exchange.status, exchange.ending, exchange.detail) == (200, Ending.SERVER, "")
    assert exchange.header("x-kind") == "a"
    assert exchange.media_type == "text/event-stream"
    assert [data for _, data in exchange.chunks] == [b"data: 1\n\n", b"data: 2\n\n"]
    assert exchange.head_at is not None
    times = [exchange.started, exchange.head_at, *(at for at, _ in exchange.chunks), exchange.ended]
    assert times == sorted(times)
    assert listener.heads == [200]
    assert listener.seen == exchange.body


def test_arrival_times_are_those_of_the_server(patient: Transport) -> None:
    exchange = ask(patient, stream(b"1", Pause(0.2), b"2"))
    (first, _), (second, _) = exchange.chunks
    assert 0.19 <= second - first < 0.2 + SLACK


def test_sends_what_it_was_given(patient: Transport) -> None:
    with LiteralServer({"POST /a/b": plain(b"{}")}) as server:
        request = request_to(server.url + "/a/b?q=%20x", "POST", b'{"a": 1}', **{"Content-Type": "application/json"})
        exchange = patient.exchange(request)
        (received,) = server.requests
    assert exchange.body == b"{}"
    assert (received.method, received.target, received.body) == ("POST", "/a/b?q=%20x", b'{"a": 1}')
    assert received.headers["content-type"] == "application/json"
    assert received.headers["accept-encoding"] == "identity"
    assert received.headers["host"] == f"127.0.0.1:{server.port}"
    assert "connection" not in received.headers  # as clients do, so that a stream's own `Connection` can be judged


BODY_WITHOUT_END: list[Step] = [
    head(content_type="text/event-stream", transfer_encoding="chunked"),
    chunk(b"data: 1\n\n"),
]

HOSTILE: dict[str, tuple[Route, Ending, int | None]] = {
    "hangs before the head": ([Hang()], Ending.TIME, None),
    "hangs within the head": ([b"HTTP/1.1 200 OK\r\nx: ", Hang()], Ending.TIME, None),
    "hangs after the head": ([head(content_type="text/event-stream"), Hang()], Ending.TIME, 200),
    "hangs in the body": ([*BODY_WITHOUT_END, Hang()], Ending.TIME, 200),
    "a byte at a time for ever": ([head(), Endless(b":", pause=0.01)], Ending.TIME, 200),
    "a head byte at a time for ever": ([b"HTTP/1.1 200 OK\r\nx: ", Endless(b"a", pause=0.01)], Ending.TIME, None),
    "sends for ever": ([head(), Endless(b"data: x\n\n" * 1000)], Ending.SIZE, 200),
    "one line without end": ([head(), Endless(b"x" * 65_536)], Ending.SIZE, 200),
    "chunks without end": ([BODY_WITHOUT_END[0], Endless(chunk(b":\n") * 100)], Ending.SIZE, 200),
    "headers without end": ([b"HTTP/1.1 200 OK\r\n", Endless(b"x-y: z\r\n" * 100)], Ending.MALFORMED, None),
    "a status line without end": ([b"HTTP/1.1 200 ", Endless(b"O" * 1000)], Ending.MALFORMED, None),
    "100 Continue for ever": ([Endless(b"HTTP/1.1 100 Continue\r\n\r\n")], Ending.MALFORMED, None),
    "no HTTP": ([b"220 smtp.example ESMTP\r\n\r\n"], Ending.MALFORMED, None),
    "a chunk's size is no number": ([BODY_WITHOUT_END[0], b"zz\r\nabc\r\n"], Ending.MALFORMED, 200),
    "a chunk's size without end": ([BODY_WITHOUT_END[0], Endless(b"1" * 1000)], Ending.MALFORMED, 200),
    "closes without a word": ([], Ending.CUT, None),
    "closes within the head": ([b"HTTP/1.1 200 OK\r\nx: "], Ending.CUT, None),
    "closes before the last chunk": (BODY_WITHOUT_END, Ending.CUT, 200),
    "closes within a chunk": ([BODY_WITHOUT_END[0], b"ff\r\nabc"], Ending.CUT, 200),
    "fewer bytes than Content-Length": ([head(content_length="100") + b"abc"], Ending.CUT, 200),
    "resets without a word": ([Reset()], Ending.CUT, None),
    "resets in the body": ([*BODY_WITHOUT_END, Pause(0.05), Reset()], Ending.CUT, 200),
    "resets a body without a length": ([head(), b"data: 1\n\n", Pause(0.05), Reset()], Ending.CUT, 200),
}


@pytest.mark.alone
@pytest.mark.parametrize("name", HOSTILE)
def test_survives(transport: Transport, name: str) -> None:
    route, ending, status = HOSTILE[name]
    before = time.monotonic()
    exchange = ask(transport, route)
    assert time.monotonic() - before < QUICK.seconds + SLACK
    assert (exchange.ending, exchange.status) == (ending, status), exchange.detail
    assert exchange.size <= QUICK.size + 65_536
    assert exchange.detail or ending is Ending.TIME


SAID: dict[str, tuple[list[Step], Ending, str]] = {
    "no HTTP, one line": ([b"SSH-2.0-OpenSSH\r\n"], Ending.MALFORMED, r"it begins with 'SSH-2.0-OpenSSH\r\n'"),
    "no HTTP, no line": ([b"\x00\x01"], Ending.MALFORMED, r"it begins with '\x00\x01'"),
    "a TLS alert": (
        [b"\x15\x03\x01\x00\x02\x02\x46"],
        Ending.MALFORMED,
        "it is TLS; the URL may have to begin with https",
    ),
    "a bad chunk": ([BODY_WITHOUT_END[0], b"zz\r\n"], Ending.MALFORMED, r"illegal chunk header: 'zz\r\n'"),
    "a bad end of a chunk": (
        [BODY_WITHOUT_END[0], b"1\r\naXX"],
        Ending.MALFORMED,
        r"malformed chunk footer: 'XX' (expected '\r\n')",
    ),
    "nothing": ([], Ending.CUT, "the connection was closed without an answer"),
    "half a word": ([b"HT"], Ending.CUT, "the connection was closed in the middle of the response's head"),
    "half a head": (
        [b"HTTP/1.1 200 OK\r\n"],
        Ending.CUT,
        "the connection was closed in the middle of the response's head",
    ),
    "no last chunk": (BODY_WITHOUT_END, Ending.CUT, "the connection was closed before the last chunk"),
    "half a body": (
        [head(content_length="100") + b"abc"],
        Ending.CUT,
        "the connection was closed before all 100 bytes of Content-Length had come",
    ),
}


@pytest.mark.alone
@pytest.mark.parametrize("name", SAID)
def test_says_in_plain_words_what_came(transport: Transport, name: str) -> None:
    route, ending, said = SAID[name]
    exchange = ask(transport, route)
    assert (exchange.ending, exchange.detail) == (ending, said)


@pytest.mark.alone
def test_reset_before_the_request_is_read(transport: Transport) -> None:
    with LiteralServer({}, before_request=[Reset()]) as server:
        exchange = transport.exchange(request_to(server.url, "POST", b"x" * 1_000_000))
    assert exchange.ending is Ending.CUT
    assert exchange.detail


@pytest.mark.alone
def test_a_server_that_never_reads_a_large_request(transport: Transport) -> None:
    with LiteralServer({}, before_request=[Pause(5)]) as server:
        exchange = transport.exchange(request_to(server.url, "POST", b"x" * 50_000_000))
    assert exchange.ending is Ending.TIME


def test_answer_that_comes_before_the_request_was_taken_is_read(patient: Transport) -> None:
    with LiteralServer({}, before_request=plain(b"too large", "413 Content Too Large")) as server:
        exchange = patient.exchange(request_to(server.url, "POST", b"x" * 1000))
    assert (exchange.status, exchange.body, exchange.ending) == (413, b"too large", Ending.SERVER)


@pytest.mark.alone
def test_refused(transport: Transport) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    exchange = transport.exchange(request_to(url))
    assert (exchange.ending, exchange.answered) == (Ending.UNREACHABLE, False)
    assert exchange.detail.startswith("no connection to 127.0.0.1")
    assert exchange.detail.endswith("(Connection refused)")
    assert exchange.detail == transport.reach(url)


@pytest.mark.alone
def test_unknown_host(transport: Transport) -> None:
    assert "no connection to nowhere.invalid" in transport.reach("http://nowhere.invalid")


@pytest.mark.alone
def test_reachable(transport: Transport) -> None:
    with LiteralServer({}) as server:
        assert transport.reach(server.url) == ""


def test_the_first_connection_ends_with_the_run() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listening, ExitStack() as waiting:
        for _ in range(2):  # the system takes no more of them
            one = waiting.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(listening.getsockname())
        before = time.monotonic()
        with Transport(Limits(connect_seconds=60.0), until=before + 0.3) as transport:
            assert transport.reach(f"http://127.0.0.1:{listening.getsockname()[1]}") == ""
        assert 0.3 <= time.monotonic() - before < 0.3 + SLACK


@pytest.mark.alone
def test_plain_server_asked_by_tls(transport: Transport) -> None:
    with LiteralServer({}) as server:
        assert "no connection" in transport.reach(server.url.replace("http:", "https:"))


def test_compressed_answer_is_not_unpacked(patient: Transport) -> None:
    bomb = gzip.compress(b"\0" * 10_000_000)
    exchange = ask(patient, plain(bomb, content_encoding="gzip"))
    assert exchange.body == bomb


def test_redirect_is_an_answer(patient: Transport) -> None:
    with LiteralServer({"*": plain(b"", "302 Found", location="http://127.0.0.1:1/elsewhere")}) as server:
        assert patient.exchange(request_to(server.url)).status == 302
        assert len(server.requests) == 1


FOLLOWING = Limits(seconds=20, redirects=5)


@pytest.mark.parametrize(
    ("method", "status", "location", "answered"),
    [
        ("GET", 302, "/there", 200),
        ("GET", 301, "there?x=1#part", 200),
        ("POST", 307, "{url}/there", 200),
        ("POST", 303, "/there", 303),
        ("GET", 304, "/there", 304),
        ("GET", 302, "http://127.0.0.1:1/there", 302),
        ("GET", 302, "https://{host}/there", 302),
        ("GET", 302, "//user@{host}/there", 302),
        ("GET", 302, "http://[/there", 302),
        ("GET", 302, "/the re", 302),
        ("GET", 307, "/again", 307),
    ],
)
@pytest.mark.parametrize("keep", [True, False], ids=["the same connection", "another"])
def test_redirect_is_followed_on_the_same_server_alone(
    method: str, status: int, location: str, answered: int, keep: bool
) -> None:
    def answer(_: Received) -> Any:
        to = location.format(url=server.url, host=server.url.removeprefix("http://"))
        return plain(b"", f"{status} Elsewhere", keep=keep, location=to)

    there = stream(b"data: 1\n\n")
    routes: dict[str, Route] = {"GET /there": there, "POST /there": there, "*": answer}
    with LiteralServer(routes) as server, Transport(FOLLOWING) as transport:
        request = request_to(server.url + "/here", method, None, **{"x-key": "k"})
        exchange = transport.exchange(request)
        assert (exchange.status, bool(exchange.body)) == (answered, answered == 200)
        hops = {"/again": 5}.get(location, 1 if answered == 200 else 0)
        assert exchange.request == replace(request, sent_on=hops > 0)
        assert [received.method for received in server.requests] == [method] * (1 + hops)
        assert all(received.headers["x-key"] == "k" for received in server.requests)
        assert location != "/there" or answered != 200 or server.requests[-1].target == "/there"


def test_informational_answers_are_passed_over(patient: Transport) -> None:
    exchange = ask(patient, [b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n" * 2, *stream(b"data: 1\n\n")])
    assert (exchange.status, exchange.body) == (200, b"data: 1\n\n")


def test_body_that_the_end_of_the_connection_ends(patient: Transport) -> None:
    exchange = ask(patient, [head(content_type="text/event-stream"), b"data: 1\n\n"])
    assert (exchange.ending, exchange.body) == (Ending.SERVER, b"data: 1\n\n")


@pytest.mark.alone
def test_leaves_a_server_that_has_said_all_and_stays(transport: Transport) -> None:
    before = time.monotonic()
    exchange = ask(transport, stream(b"done\n\n", Hang()), listener=Recorder(enough=b"done"))
    assert exchange.ending is Ending.ENOUGH
    assert time.monotonic() - before < QUICK.linger + SLACK


def test_hears_what_comes_after_all_was_said(patient: Transport) -> None:
    listener = Recorder(enough=b"done")
    exchange = ask(patient, stream(b"done\n\n", Pause(0.05), b"more\n\n"), listener=listener)
    assert (exchange.ending, listener.seen) == (Ending.SERVER, b"done\n\nmore\n\n")


@pytest.mark.parametrize(
    "body",
    [
        [head(transfer_encoding="chunked"), chunk(b"data: 1\n\n"), b"0\r\n\r\n"],
        [head(content_length="9"), b"data: 1\n\n"],
    ],
    ids=["chunked", "length"],
)
def test_a_connection_that_stays_open_behind_the_answer_is_not_waited_for(patient: Transport, body: Route) -> None:
    before = time.monotonic()
    exchange = ask(patient, [*body, Hang()])
    assert (exchange.ending, exchange.body) == (Ending.SERVER, b"data: 1\n\n")
    assert time.monotonic() - before < SLACK


def test_stop_ends_what_is_under_way() -> None:
    with Transport(Limits(seconds=20)) as transport, LiteralServer({"*": [head(), b"x", Hang()]}) as server:

        class Stopper(Recorder):
            def chunk(self, at: float, data: bytes) -> bool:
                threading.Thread(target=transport.stop).start()
                return False

        exchange = transport.exchange(request_to(server.url), Stopper())
        assert (exchange.ending, exchange.body) == (Ending.STOPPED, b"x")
        assert transport.exchange(request_to(server.url)).ending is Ending.STOPPED
        assert len(server.requests) == 1


@pytest.mark.parametrize(("method", "headers"), [("GET", {"x-a": "b\r\nx-c: d"}), ("GE T", {}), ("GET", {"x-a": "→"})])
def test_what_is_no_http_is_not_sent(patient: Transport, method: str, headers: dict[str, str]) -> None:
    with LiteralServer({}) as server, pytest.raises(UnsendableError, match="cannot be sent"):
        patient.exchange(request_to(server.url, method, **headers))


def test_memory_for_chunks_of_one_byte_is_bounded(patient: Transport) -> None:
    with Transport(Limits(seconds=20, chunks=10_000)) as bounded:
        exchange = ask(bounded, [BODY_WITHOUT_END[0], Endless(chunk(b":") * 1000)])
    assert (exchange.ending, len(exchange.chunks)) == (Ending.SIZE, 10_000)


def in_turn(transport: Transport, route: Route, reading: Reading | None = None) -> list[Exchange]:
    with LiteralServer({"*": route}) as server:
        asked = [(request_to(server.url + path), None) for path in ("/1", "/2")]
        return transport.in_turn(asked, reading=reading)


def test_requests_in_turn_share_a_connection_that_is_kept(patient: Transport) -> None:
    exchanges = in_turn(patient, stream(b"data: 1\n\n", keep=True))
    assert [(each.status, each.ending, each.body) for each in exchanges] == [(200, Ending.SERVER, b"data: 1\n\n")] * 2


@pytest.mark.parametrize(
    "route",
    [stream(b"1"), stream(b"1", keep=True)[:-1], [head(keep=True), b"1"]],
    ids=["said", "unsaid", "by the close"],
)
def test_nothing_more_is_sent_over_a_connection_that_is_over(patient: Transport, route: Route) -> None:
    (exchange,) = in_turn(patient, route, Reading(linger=5))
    assert (exchange.status, exchange.ending, exchange.body, exchange.extra) == (200, Ending.SERVER, b"1", b"")


def test_line_ends_between_two_answers_are_passed_over(patient: Transport) -> None:
    exchanges = in_turn(patient, [*stream(b"1", keep=True)[:-1], b"\r\n", Keep()], Reading(linger=0.1))
    assert [(each.ending, each.body, each.extra) for each in exchanges] == [(Ending.SERVER, b"1", b"\r\n")] * 2


def test_bytes_behind_the_end_are_kept_and_taken_for_the_next_answer(patient: Transport) -> None:
    exchanges = in_turn(patient, [*stream(b"1", keep=True)[:-1], b"more", Keep()], Reading(linger=5))
    assert [each.extra for each in exchanges] == [b"more", b""]
    assert exchanges[1].ending is Ending.MALFORMED


def test_a_reader_that_pauses_lets_the_server_wait_and_gets_all_the_same(patient: Transport) -> None:
    sent = threading.Event()

    def send(connection: socket.socket) -> None:
        narrow(connection)
        connection.sendall(chunk(b"x" * 200_000))
        sent.set()

    class Waiting(Recorder):
        def chunk(self, at: float, data: bytes) -> bool:
            self.waited = not sent.is_set() if not self.seen else self.waited
            return super().chunk(at, data)

    listener = Waiting()
    exchange = ask(patient, stream(Do(send)), listener=listener, reading=Reading(pause=0.3))
    assert (exchange.ending, exchange.size) == (Ending.SERVER, 200_000)
    assert listener.waited


@pytest.mark.parametrize(("chunks", "body"), [(0, b""), (1, b"1")])
def test_a_reader_leaves_when_it_means_to(patient: Transport, chunks: int, body: bytes) -> None:
    exchange = ask(patient, stream(b"1", Hang()), reading=Reading(leave_after=chunks))
    assert (exchange.ending, exchange.body) == (Ending.LEFT, body)
