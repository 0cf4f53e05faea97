"""One request and its answer over an open connection: HTTP/1.1 by h11, every chunk stamped as it is received."""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import SplitResult

import anyio
import h11
from anyio.abc import ByteStream

from streamcontract_harness.exchange import Ending, Exchange, SentRequest
from streamcontract_harness.reading import Reading

__all__ = ["Conversation", "Limits", "Listener", "UnsendableError", "innermost", "said"]

READ_SIZE = 65_536
TLS_RECORDS = (b"\x14", b"\x15", b"\x16", b"\x17")
BYTES = re.compile(r"bytearray\(b(.+?)\)(?= \(|$)|\bb(?='[^']*'|\"[^\"]*\")")
KEPT = 64
"""Bytes of the answer's beginning that are kept, to tell what it is when it is no HTTP."""
MOST_INFORMATIONAL = 32
"""1xx answers before the real one: a server may send several, and an endless row of them is no answer."""


class UnsendableError(Exception):
    """The request cannot be put into HTTP (a line break in a header, a blank in the target): no fault of the server."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How far one exchange is followed.

    `seconds` counts from connecting to the end; `linger` is how long a server that has said all may still keep the
    connection open; `size` and `chunks` bound the body, `head` the bytes of a response head or a chunk's size line.
    `redirects` is how many are followed in turn, on the same server.
    """

    seconds: float = 30.0
    connect_seconds: float = 10.0
    linger: float = 1.0
    size: int = 64 * 2**20
    chunks: int = 1_000_000
    head: int = 256 * 2**10
    redirects: int = 0


class Listener(Protocol):
    """Is told what arrives while it arrives."""

    def head(self, exchange: Exchange) -> None:
        """The response head has arrived."""

    def chunk(self, at: float, data: bytes) -> bool:
        """A chunk of the body has arrived. True: all has been said, nothing more is waited for."""


class Conversation:
    """One request and its answer on an open connection, in h11's terms; `http` goes on from the one before."""

    def __init__(
        self,
        exchange: Exchange,
        listener: Listener | None,
        scope: anyio.CancelScope,
        limits: Limits,
        reading: Reading | None = None,
        http: h11.Connection | None = None,
    ) -> None:
        self.exchange = exchange
        self.listener = listener
        self.scope = scope
        self.limits = limits
        self.reading = reading or Reading()
        self.http = http or h11.Connection(h11.CLIENT, max_incomplete_event_size=limits.head)
        self.received_at = 0.0
        self.informational = 0
        self.at_end = False
        self.begin = b""
        self.broken = ""

    def end(self, ending: Ending, detail: str = "") -> None:
        self.exchange.ending = ending
        self.exchange.detail = detail

    async def send(self, stream: ByteStream, url: SplitResult) -> None:
        """Send the request. A server may answer and hang up before it has taken all of it, so that is no error yet."""
        data = _request_bytes(self.http, self.exchange.request, url)
        try:
            await stream.send(data)
        except anyio.BrokenResourceError:
            self.broken = "the server stopped taking the request before its end"
        self.exchange.started = time.monotonic()

    async def receive(self, stream: ByteStream) -> None:
        """Read until the response has ended, or the server, a limit or the listener ends it."""
        over = False
        while not over:
            try:
                event = self.http.next_event()
            except h11.RemoteProtocolError as error:
                self._end_early(error)
                return
            if event is h11.NEED_DATA:
                await self._read(stream)
            else:
                over = self._take(event)
                if isinstance(event, h11.Response) and not over:
                    await anyio.sleep(self.reading.pause)  # what the server sends piles up on its own side
        if self.exchange.ending is Ending.SERVER and self.reading.linger:
            await self._linger(stream)

    def next_cycle(self) -> h11.Connection | None:
        """The connection for another request; None when this one was its last.

        Line ends behind the response may be passed over (RFC 9112, sections 2.2 and 9.2), which h11 does not.
        """
        if self.at_end or self.http.our_state is not h11.DONE or self.http.their_state is not h11.DONE:
            return None
        behind = self.http.trailing_data[0].lstrip(b"\r\n")
        fresh = h11.Connection(h11.CLIENT, max_incomplete_event_size=self.limits.head)
        if behind:
            fresh.receive_data(behind)
        return fresh

    async def _linger(self, stream: ByteStream) -> None:
        """Wait for bytes behind the end of the response; a server that hangs up is waited for no longer."""
        with anyio.move_on_after(self.reading.linger):
            while not self.at_end and not self.http.trailing_data[0]:
                await self._read(stream)
        self.exchange.extra = bytes(self.http.trailing_data[0][:KEPT])

    def _end_early(self, error: h11.RemoteProtocolError) -> None:
        """The connection is over, or what came is no HTTP, before the response has ended."""
        exchange = self.exchange
        if not exchange.answered and not _could_be_http(self.begin):
            self.end(Ending.MALFORMED, _other_protocol(self.begin))
        elif not self.at_end:
            self.end(Ending.MALFORMED, _sentence(error))
        elif exchange.answered:
            self.end(Ending.CUT, self.broken or _missing(exchange))
        else:
            where = "in the middle of the response's head" if self.begin else "without an answer"
            self.end(Ending.CUT, self.broken or f"the connection was closed {where}")

    async def _read(self, stream: ByteStream) -> None:
        data = b""
        try:
            data = await stream.receive(READ_SIZE)
        except anyio.EndOfStream:
            self.at_end = True
        except anyio.BrokenResourceError as error:
            self.at_end = True
            self.broken = f"the connection was reset ({said(error)})"
        self.received_at = time.monotonic()
        if len(self.begin) < KEPT:
            self.begin += data[: KEPT - len(self.begin)]
        self.http.receive_data(data)

    def _take(self, event: object) -> bool:
        """Keep what came; True when the exchange is over."""
        match event:
            case h11.InformationalResponse():
                self.informational += 1
                if self.informational <= MOST_INFORMATIONAL:
                    return False
                self.end(Ending.MALFORMED, f"more than {MOST_INFORMATIONAL} informational (1xx) answers")
            case h11.Response():
                self._head(event)
                return self._leaves(0)
            case h11.Data():
                return self._body(bytes(event.data))
            case h11.EndOfMessage() if self.at_end and self.broken:
                self.end(Ending.CUT, self.broken)  # a body without a length, which a reset ended
            case h11.EndOfMessage():
                self.end(Ending.SERVER)
            case _:  # h11.ConnectionClosed, or PAUSED after an upgrade that nobody asked for
                self.end(Ending.CUT, self.broken or "the connection was closed without an answer")
        return True

    def _head(self, event: h11.Response) -> None:
        exchange = self.exchange
        exchange.status = event.status_code
        exchange.headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in event.headers)
        exchange.head_at = self.received_at
        if self.listener:
            self.listener.head(exchange)

    def _body(self, data: bytes) -> bool:
        chunks = self.exchange.chunks
        chunks.add(self.received_at, data)
        said_all = self.listener is not None and self.listener.chunk(self.received_at, data)
        if said_all and self.exchange.ending is Ending.TIME:
            self.end(Ending.ENOUGH)  # unless the server ends it first
            self.scope.deadline = min(self.scope.deadline, anyio.current_time() + self.limits.linger)
        if chunks.size < self.limits.size and len(chunks) < self.limits.chunks:
            return self._leaves(len(chunks))
        self.end(Ending.SIZE, f"the first {chunks.size:,} bytes were read")
        return True

    def _leaves(self, chunks: int) -> bool:
        if self.reading.leave_after is None or chunks < self.reading.leave_after:
            return False
        self.end(Ending.LEFT)
        return True


def _request_bytes(http: h11.Connection, request: SentRequest, url: SplitResult) -> bytes:
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    headers = [("Host", url.netloc.rpartition("@")[2]), *_framing(request), *request.headers]
    try:
        parts = [http.send(h11.Request(method=request.method, target=target, headers=_encoded(headers)))]
        if request.body:
            parts.append(http.send(h11.Data(data=request.body)))
        parts.append(http.send(h11.EndOfMessage()))
    except (h11.LocalProtocolError, UnicodeEncodeError) as error:
        raise UnsendableError(f"{request.method} {request.url} cannot be sent: {_sentence(error)}") from error
    return b"".join(part for part in parts if part)


def _framing(request: SentRequest) -> list[tuple[str, str]]:
    """Identity is asked for, as a compressed stream could not be read; the length is always said."""
    framing = []
    if request.header("accept-encoding") is None:
        framing.append(("Accept-Encoding", "identity"))
    if request.body is not None or request.method in ("POST", "PUT", "PATCH"):
        framing.append(("Content-Length", str(len(request.body or b""))))
    return framing


def _encoded(headers: list[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(name.encode("ascii"), value.encode("latin-1")) for name, value in headers]


def innermost(error: BaseException) -> BaseException:
    """The cause itself, out of what the libraries wrapped round it."""
    while isinstance(error, BaseExceptionGroup) or error.__cause__ is not None:
        error = error.exceptions[0] if isinstance(error, BaseExceptionGroup) else error.__cause__ or error
    return error


def said(error: BaseException) -> str:
    """The cause in words that a person understands."""
    error = innermost(error)
    if isinstance(error, ConnectionError) and error.errno:
        return os.strerror(error.errno)  # asyncio puts an address in its place
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _could_be_http(begin: bytes) -> bool:
    """Whether bytes may be the beginning of a status line; blank lines before it are passed over, as h11 does."""
    begin = begin.lstrip(b"\r\n")
    return b"HTTP/".startswith(begin[:5])


def _other_protocol(begin: bytes) -> str:
    if begin[:1] in TLS_RECORDS and begin[1:2] == b"\x03":
        return "it is TLS; the URL may have to begin with https"
    return f"it begins with {begin.decode('latin-1')!r}"


def _missing(exchange: Exchange) -> str:
    length = exchange.header("content-length")
    if "chunked" in (exchange.header("transfer-encoding") or "").lower() or length is None:
        return "the connection was closed before the last chunk"
    return f"the connection was closed before all {length} bytes of Content-Length had come"


def _sentence(error: BaseException) -> str:
    """h11 shows bytes as Python writes a bytearray; here they are quoted."""
    return BYTES.sub(r"\1", str(error)).strip().rstrip(".")[:300]
