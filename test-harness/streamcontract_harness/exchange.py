"""An exchange: what was sent, what came back and when. Every finding rests on one."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from streamcontract.monitor.request import Linked, Request

__all__ = ["Chunks", "Ending", "Exchange", "SentRequest"]


class Ending(Enum):
    """How an exchange ended, and by whom."""

    SERVER = "the server ended the response in good order"
    CUT = "the connection broke off before the response was complete"
    MALFORMED = "what the server sent is no HTTP"
    UNREACHABLE = "no connection could be made"
    ENOUGH = "all was said and the server kept the connection open, so the checker left"
    TIME = "the time limit was reached, so the checker left"
    SIZE = "the size limit was reached, so the checker left"
    LEFT = "the checker left, as it meant to"
    STOPPED = "the run was stopped"


@dataclass(frozen=True, slots=True)
class SentRequest:
    """One request, as it goes over the wire and (`view`) as rules speak of it.

    `before` are the requests whose answers this one was made from (a stream reached through links), oldest first;
    `linked` is the exchange whose link led here. It is there to judge by, and is not kept in what is reported.
    `sent_on`: the answer is that of another place on the server, to which redirects have led.
    """

    operation: str
    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | None
    view: Request
    before: tuple[SentRequest, ...] = ()
    linked: Linked | None = None
    sent_on: bool = False

    def header(self, name: str) -> str | None:
        """The first value of a header, whose name is given in lower case."""
        return next((value for key, value in self.headers if key.lower() == name), None)

    def with_header(self, name: str, value: str) -> SentRequest:
        """The same with this header, in place of what it had by that name (given in lower case)."""
        bare = self.without_header(name)
        view = replace(bare.view, headers={**bare.view.headers, name: value})
        return replace(bare, headers=(*bare.headers, (name, value)), view=view)

    def without_header(self, name: str) -> SentRequest:
        """The same without a header, whose name is given in lower case."""
        kept = tuple(pair for pair in self.headers if pair[0].lower() != name)
        view = replace(self.view, headers={key: value for key, value in self.view.headers.items() if key != name})
        return replace(self, headers=kept, view=view)

    def with_method(self, method: str) -> SentRequest:
        """The same by another method, without a body."""
        bare = self.without_header("content-type")
        return replace(bare, method=method, body=None, view=replace(bare.view, method=method, body=None))

    def as_step(self) -> SentRequest:
        """The request by itself, as one of several in a row."""
        return replace(self, before=(), linked=None)


class Chunks:
    """The body's bytes and when they came: one array for all the bytes, sixteen bytes more for each chunk."""

    __slots__ = ("_ends", "_times", "data")

    def __init__(self) -> None:
        self.data = bytearray()
        self._ends = array("Q")
        self._times = array("d")

    def add(self, at: float, data: bytes) -> None:
        """Keep one chunk, which arrived at `at` (seconds of the monotonic clock)."""
        self.data += data
        self._ends.append(len(self.data))
        self._times.append(at)

    def __len__(self) -> int:
        return len(self._ends)

    @property
    def size(self) -> int:
        """The number of bytes."""
        return len(self.data)

    @property
    def last_at(self) -> float:
        """When the last chunk came; 0 when none did."""
        return self._times[-1] if self._times else 0.0

    def marks(self) -> Iterator[tuple[float, int]]:
        """When each chunk came, and the number of bytes up to its end."""
        return zip(self._times, self._ends, strict=True)

    def __iter__(self) -> Iterator[tuple[float, bytes]]:
        start = 0
        for at, end in zip(self._times, self._ends, strict=True):
            yield at, bytes(self.data[start:end])
            start = end


@dataclass(slots=True)
class Exchange:
    """A request and its answer. Times are seconds of the monotonic clock; `status` is None when no answer came.

    `started` is when the request's last byte was sent; the names in `headers` are lower-case. `extra` are bytes that
    came behind the end of the response (looked for when `Reading.linger` is given).
    """

    request: SentRequest
    started: float = 0.0
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    head_at: float | None = None
    chunks: Chunks = field(default_factory=Chunks)
    ended: float = 0.0
    ending: Ending = Ending.UNREACHABLE
    detail: str = ""
    extra: bytes = b""

    @property
    def body(self) -> bytes:
        return bytes(self.chunks.data)

    @property
    def size(self) -> int:
        return self.chunks.size

    @property
    def closed_by_server(self) -> bool:
        """Whether what is missing is the server's doing: it ended the response, or the connection broke off."""
        return self.ending in (Ending.SERVER, Ending.CUT, Ending.MALFORMED)

    @property
    def answered(self) -> bool:
        return self.status is not None

    @property
    def media_type(self) -> str:
        """The Content-Type without its parameters, in lower case; empty when there is none."""
        return (self.header("content-type") or "").partition(";")[0].strip().lower()

    def header(self, name: str) -> str | None:
        """The first value of a response header, whose name is given in lower case."""
        return next((value for key, value in self.headers if key == name), None)

    def header_map(self) -> Mapping[str, str]:
        """The response headers by name; repeated ones are joined with a comma (RFC 9110, section 5.3)."""
        joined: dict[str, str] = {}
        for name, value in self.headers:
            joined[name] = f"{joined[name]}, {value}" if name in joined else value
        return joined

    def milliseconds(self, at: float) -> float:
        """A time of the clock as milliseconds after the request was sent."""
        return (at - self.started) * 1000
