"""Servers that want to keep a check from ending, or to fill its memory: what each does, and what is found."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from literal_server import Endless, Hang, Received, Reset, Route, Script, Step, chunk, head, plain, stream

__all__ = ["CASES", "CONTRACT", "Case"]

CONTRACT = Path(__file__).with_name("contract.yaml")
PATHS = {"watch": "/ticks", "strict": "/strict", "followed": "/followed", "number": "/number"}
PIECE = 1_000
"""Events that go into one chunk."""
MIB = 2**20


@dataclass(frozen=True)
class Case:
    """One server. `full` and `few` are what `answer` is made with: in the tool that measures, and in the tests.

    `operation` is the one that is checked, and `at` the path where the server is wrong, if it is another's. `found` are
    the ids of all findings, and `exit_code` that of the check.
    """

    does: str
    answer: Callable[[int], Route]
    found: tuple[str, ...] = ()
    exit_code: int = 1
    full: int = 0
    few: int = 0
    operation: str = "watch"
    at: str = ""
    waits: bool = False

    def routes(self, count: int) -> dict[str, Route]:
        """What the server answers: wrong at one path, right at the others."""
        right = {"/ticks": TICKS, "/strict": TICKS, "/followed": stream(DONE), "/number": plain(b'{"n": 1}')}
        wrong = self.at or PATHS[self.operation]
        return {f"GET {path}": self.answer(count) if path == wrong else route for path, route in right.items()}


def _script(*steps: Step) -> Callable[[int], Route]:
    return lambda _: list(steps)


def _events(make: bytes | Callable[[int], bytes], last: bytes = b"event: done\ndata: {}\n\n") -> Callable[[int], Route]:
    """So many events, a thousand in a chunk, and the end."""

    def route(count: int) -> Route:
        def script(_: Received) -> Iterator[Step]:
            yield stream()[0]
            for begin in range(0, count, PIECE):
                size = min(PIECE, count - begin)
                yield chunk(make * size if isinstance(make, bytes) else b"".join(map(make, range(begin, begin + size))))
            yield chunk(last) + chunk(b"")

        return script

    return route


def _json(begin: bytes, many: Callable[[int], Iterator[bytes]], end: bytes, kind: str) -> Callable[[int], Route]:
    """An answer with a body of so many pieces between its begin and its end."""

    def route(count: int) -> Route:
        def script(_: Received) -> Iterator[Step]:
            yield head(content_type=kind, transfer_encoding="chunked") + chunk(begin)
            for piece in many(count):
                yield chunk(piece)
            yield chunk(end) + chunk(b"")

        return script

    return route


def _times(data: bytes) -> Callable[[int], Iterator[bytes]]:
    def many(count: int) -> Iterator[bytes]:
        for left in range(count, 0, -65_536):
            yield data * min(left, 65_536)

    return many


def _event_with(begin: bytes, data: bytes, end: bytes) -> Callable[[int], Route]:
    """A tick with this many times the data in it, and then the end."""
    return _json(
        b"event: tick\ndata: " + begin, _times(data), end + b"\n\nevent: done\ndata: {}\n\n", "text/event-stream"
    )


def _bytewise(count: int) -> Route:
    """One stream of so many chunks, each of one byte."""

    def script(_: Received) -> Iterator[Step]:
        body = b'event: tick\ndata: {"n": 1}\n\n' * (count // 29) + b"event: done\ndata: {}\n\n"
        yield stream()[0]
        for begin in range(0, len(body), 4_096):
            yield b"".join(chunk(body[at : at + 1]) for at in range(begin, min(begin + 4_096, len(body))))
        yield chunk(b"")

    return script


def _bomb(kind: str, begin: bytes, data: bytes) -> Callable[[int], Route]:
    """So many MiB, packed a thousand to one."""

    def route(mib: int) -> Route:
        packer = zlib.compressobj(9, wbits=31)
        packed = packer.compress(begin) + b"".join(packer.compress(data * (MIB // len(data))) for _ in range(mib))
        return plain(packed + packer.flush(), content_type=kind, content_encoding="gzip")

    return route


def _unknown(n: int) -> bytes:
    return b"event: e%d\ndata: {}\n\n" % n


def _cut_later_each_time() -> Callable[[int], Route]:
    """A reset behind the first byte, the second time behind the second, and so on."""

    def route(_: int) -> Route:
        answer = b"".join(part for part in TICKS if isinstance(part, bytes))
        places = itertools.cycle(range(1, len(answer)))
        return lambda _: [answer[: next(places)], Reset()]

    return route


def _to(target: str) -> Callable[[int], Route]:
    return _script(*plain(b"", "307 Temporary Redirect", location=target))


def _onwards(_: int) -> Route:
    """Each answer leads to another address, without end."""
    numbers = itertools.count()
    return lambda _: plain(b"", "307 Temporary Redirect", location=f"/ticks?again={next(numbers)}")


def _header_lines(count: int) -> Route:
    lines = "".join(f"x-{n}: {n}\r\n" for n in range(count)).encode()
    return [b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n", lines, b"\r\nevent: done\ndata: {}\n\n"]


TICK = b'event: tick\ndata: {"n": 1}\n\n'
DONE = b"event: done\ndata: {}\n\n"
TICKS: Script = stream(TICK, DONE)
HEAD = stream()[0]
NO_HTTP, NO_END = ("http.malformed",), ("coverage.no-success",)
STREAM, JSON = "text/event-stream", "application/json"

CASES = (
    # Time
    Case("never answers", _script(Hang()), ("http.no-answer",), 3, waits=True),
    Case(
        "sends a byte of the head a second",
        _script(b"HTTP/1.1 200 OK\r\nx: ", Endless(b"a", 1.0)),
        ("http.no-answer",),
        3,
        waits=True,
    ),
    Case("sends a byte of the body a second", _script(HEAD, Endless(chunk(b":"), 1.0)), NO_END, 3, waits=True),
    Case("sends heartbeats for ever", _script(HEAD, Endless(chunk(b":\n\n"), 0.1)), NO_END, 3, waits=True),
    Case("sends events for ever", _script(HEAD, Endless(chunk(TICK * PIECE))), NO_END, 3, waits=True),
    Case(
        "sends a byte of JSON a second",
        _script(head(content_type=JSON), Endless(b" ", 1.0)),
        ("http.no-answer",),
        waits=True,
        operation="number",
    ),
    Case(
        "hangs when it is asked for what follows a stream",
        _script(Hang()),
        ("http.no-answer",),
        waits=True,
        operation="followed",
        at="/number",
    ),
    # The head
    Case("sends header lines for ever", _script(b"HTTP/1.1 200 OK\r\n", Endless(b"x-y: z\r\n" * 500)), NO_HTTP),
    Case("sends one header line for ever", _script(b"HTTP/1.1 200 OK\r\nx: ", Endless(b"y" * 65_536)), NO_HTTP),
    Case("sends so many header lines, and a right stream", _header_lines, (), 0, full=17_000, few=17_000),
    Case("sends so many header lines, which are too many", _header_lines, NO_HTTP, full=1_000_000, few=30_000),
    Case("sends 100 Continue for ever", _script(Endless(b"HTTP/1.1 100 Continue\r\n\r\n" * 10)), NO_HTTP),
    Case(
        "says a Content-Length below the body's",
        _script(head(content_type=STREAM, content_length="10") + TICK),
        ("wire.unterminated-event",),
    ),
    Case(
        "says a Content-Length above the body's",
        _script(head(content_type=STREAM, content_length="99999") + TICK),
        ("wire.cut",),
    ),
    Case(
        "says a Content-Length of 10^30", _script(head(content_type=STREAM, content_length=f"{10**30}") + TICK), NO_HTTP
    ),
    Case(
        "says two Content-Lengths",
        _script(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab"),
        NO_HTTP,
    ),
    Case(
        "says that a chunk has 2^64 bytes",
        _script(HEAD, b"ffffffffffffffff\r\n", Endless(TICK * PIECE)),
        NO_END,
        3,
        waits=True,
    ),
    Case("ends its chunks with trailers for ever", _script(HEAD, b"0\r\n", Endless(b"x-y: z\r\n" * 500)), NO_HTTP),
    # The body
    Case("sends one line without an end", _script(HEAD, Endless(chunk(b"x" * 65_536))), ("wire.line-too-long",)),
    Case(
        "sends one event of so many lines",
        _event_with(b"", b"\ndata: x", b""),
        ("wire.event-too-long",),
        full=3_000_000,
        few=2_200_000,
    ),
    Case("sends so many events", _events(TICK), (), 0, full=1_000_000, few=5_000),
    Case("sends so many empty lines", _events(b"\r"), (), 0, full=1_000_000, few=50_000),
    Case("sends so many chunks of one byte", _bytewise, (), 0, full=900_000, few=20_000),
    Case(
        "packs so many MiB of events, unasked",
        _bomb(STREAM, b"", TICK + b"\n\n\n"),
        ("http.content-encoding",),
        full=1_000,
        few=20,
    ),
    Case(
        "packs so many MiB of JSON, unasked",
        _bomb(JSON, b'{"n": ', b" "),
        ("api.response_schema_conformance", "http.content-encoding"),
        full=1_000,
        few=20,
        operation="number",
    ),
    Case("sends JSON for ever", _script(head(content_type=JSON), Endless(b"[" * 65_536)), (), 3, operation="number"),
    Case(
        "sends JSON so many levels deep",
        _json(b'{"n": ', _times(b"["), b"", JSON),
        (),
        3,
        full=1_000_000,
        few=20_000,
        operation="number",
    ),
    Case(
        "sends JSON with so many objects",
        _json(b"[0", _times(b",{}"), b"]", JSON),
        (),
        3,
        full=20_000_000,
        few=300_000,
        operation="number",
    ),
    Case(
        "sends JSON with a number of so many digits",
        _json(b'{"n": ', _times(b"7"), b"}", JSON),
        (),
        3,
        full=1_000_000,
        few=20_000,
        operation="number",
    ),
    Case(
        "sends an event so many levels deep",
        _event_with(b'{"n": ', b"[", b""),
        ("schema.not-json",),
        full=1_000_000,
        few=20_000,
    ),
    Case(
        "sends an event with a number of so many digits",
        _event_with(b'{"n": ', b"7", b"}"),
        (),
        0,
        full=1_000_000,
        few=20_000,
    ),
    Case(
        "sends a reconnection time of so many digits",
        _json(b"retry: ", _times(b"7"), b"\n\nevent: done\ndata: {}\n\n", STREAM),
        (),
        0,
        full=1_000_000,
        few=20_000,
    ),
    # What has to be remembered
    Case("sends so many unknown events", _events(_unknown), (), 0, full=1_000_000, few=5_000),
    Case(
        "sends so many events that are rejected",
        _events(_unknown),
        ("schema.unknown-event",),
        full=100_000,
        few=3_000,
        operation="strict",
    ),
    Case(
        "sends so many events, each with a fault of its own",
        _events(lambda n: b'event: tick\ndata: {"x%d": "y"}\n\n' % n),
        ("schema.payload",),
        full=100_000,
        few=3_000,
    ),
    Case(
        "sends so many keys of a slice and a rule",
        _events(lambda n: b'event: tick\ndata: {"n": 1, "key": "k%d"}\n\n' % n),
        (),
        0,
        full=500_000,
        few=5_000,
    ),
    Case(
        "sends so many KiB of text, which a rule gathers",
        _events(
            b'event: tick\ndata: {"n": 1, "text": "' + b"t" * 1000 + b'"}\n\n', b'event: done\ndata: {"text": ""}\n\n'
        ),
        (),
        0,
        full=50_000,
        few=17_500,
    ),
    # The connection
    Case("resets the connection, each time a byte later", _cut_later_each_time(), ("http.no-answer",)),
    Case("sends on to elsewhere", _to("http://127.0.0.1:9/elsewhere"), ("http.undocumented-status",)),
    Case("sends on without end", _onwards, ("http.undocumented-status",)),
    Case("speaks another protocol", _script(b"220 mail ESMTP\r\n"), NO_HTTP),
)
