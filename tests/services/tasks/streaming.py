"""A stream that is read by hand, from a bare socket, and cut where a test likes; and a client that comes back."""

import socket
import struct
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
from served import LIMIT

from streamcontract.wire.decoder import Decoder
from streamcontract.wire.events import ReceivedEvent, WireFault

__all__ = ["Chunks", "Client", "Reading", "Told", "told"]

RESET = struct.pack("ii", 1, 0)
"""SO_LINGER of no seconds: closing sends RST."""


class Chunks:
    """Takes chunks apart, in pieces of any size: https://www.rfc-editor.org/rfc/rfc9112#section-7.1"""

    def __init__(self) -> None:
        self.whole = False
        """The last chunk has come."""
        self._raw = bytearray()
        self._left = 0  # bytes of a chunk that are still to come, with its CR LF

    def feed(self, raw: bytes) -> bytes:
        """The body's bytes in what came."""
        self._raw += raw
        body, at = bytearray(), 0
        while not self.whole:
            if not self._left:
                end = self._raw.find(b"\r\n", at)
                if end < 0:
                    break
                size = int(self._raw[at:end], 16)
                at, self._left, self.whole = end + 2, size + 2, size == 0
            part = self._raw[at : at + self._left]
            body += part[: max(0, self._left - 2)]
            self._left -= len(part)
            at += len(part)
            if self._left:
                break
        del self._raw[:at]
        return bytes(body)


class Reading:
    """The answer to a GET. `body` holds the bytes of it that came."""

    def __init__(
        self, port: int, path: str, headers: Mapping[str, str] | None = None, *, receive_buffer: int | None = None
    ) -> None:
        self.body = bytearray()
        self.status = 0
        self.headers: dict[str, str] = {}
        self.closed = False
        """The server has closed the connection."""
        self._raw = b""
        self._chunks = Chunks()
        self.socket = socket.socket()
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(LIMIT)
        self.socket.connect(("127.0.0.1", port))
        lines = [f"GET {path} HTTP/1.1", "Host: x", *(f"{name}: {value}" for name, value in (headers or {}).items())]
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode())

    def __enter__(self) -> "Reading":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    @property
    def whole(self) -> bool:
        """The server has said that this is all."""
        return self._chunks.whole or self.status == 204

    def head(self) -> tuple[int, dict[str, str]]:
        """The status, and the headers by lower-case name."""
        while b"\r\n\r\n" not in self._raw:
            part = self._receive()
            assert part, f"no head came: {self._raw!r}"
            self._raw += part
        head, _, rest = self._raw.partition(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").split("\r\n")
        self.headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        self.status = int(status.split()[1])
        self.body += self._chunks.feed(rest)
        return self.status, self.headers

    def read(self) -> bool:
        """Wait for more, once; whether there may be more after it."""
        if not self.status:
            self.head()
        elif not (self.whole or self.closed):
            self.body += self._chunks.feed(self._receive())
        return not (self.whole or self.closed)

    def read_up_to(self, size: int) -> bytes:
        """The first bytes of the body: so many, or all where there are fewer."""
        while len(self.body) < size and self.read():
            pass
        return bytes(self.body[:size])

    def read_until(self, mark: bytes) -> bytes:
        """What comes up to and with these bytes."""
        while mark not in self.body:
            assert self.read() or mark in self.body, f"the stream ended before {mark!r}: {bytes(self.body)!r}"
        return bytes(self.body[: self.body.index(mark) + len(mark)])

    def read_all(self) -> bytes:
        """The body, up to where the server ends it or closes the connection."""
        while self.read():
            pass
        return bytes(self.body)

    def cut(self) -> None:
        """Leave without a word: by RST, and not by FIN."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.socket.close()

    def _receive(self) -> bytes:
        try:
            part = self.socket.recv(65536)
        except ConnectionResetError:
            part = b""
        self.closed = not part
        return part


class Told(NamedTuple):
    """One event as a client sees it."""

    id: str
    event: str
    data: Any


class Client:
    """What an EventSource keeps over its connections: an event counts once its blank line has come.

    https://html.spec.whatwg.org/multipage/server-sent-events.html#dispatchMessage

    An event without an id is not of the task but of one connection, and tells why that one ends; it goes to `faults`.
    """

    def __init__(self) -> None:
        self.events: list[Told] = []
        self.faults: list[Told] = []
        self.last: str | None = None

    def take(self, content: bytes) -> None:
        """What one connection has brought, whose end may be anywhere."""
        decoder = Decoder()
        for item in decoder.feed(content):
            assert not isinstance(item, WireFault), item
            if isinstance(item, ReceivedEvent):
                self.last = item.id if item.id is not None else self.last
                seen = Told(item.id or "", item.event or "message", msgspec.json.decode(item.data))
                (self.faults if item.id is None else self.events).append(seen)


def told(content: bytes) -> list[Told]:
    """The events of one stream, which tells of no fault of its own."""
    client = Client()
    client.take(content)
    assert client.faults == []
    return client.events
