"""A server that answers with literal bytes: what a test writes is exactly what goes over the socket.

    with LiteralServer({"GET /events": stream(b"data: 1\n\n")}) as server:
        ...  # server.url, server.requests

A route maps `METHOD /path` (the query is left out, `{name}` stands for one segment, `*` for every request) to a script,
or to a function from the request to a script. A script is a series of steps: bytes are sent as they are; `Pause`,
`Wait`, `Endless`, `Hang` and `Reset` do what their names say, `Do` calls a function with the connection; when it is
over the connection is closed in good order, or waits for the next request where the last step is `Keep`.
A known path with another method is answered with 405, any other path with 404, so that a script stands for one
operation only. Every wait of a script ends at once when the server is closed.
"""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

__all__ = [
    "Do",
    "Endless",
    "Hang",
    "Keep",
    "LiteralServer",
    "Pause",
    "Received",
    "Reset",
    "Step",
    "Wait",
    "chunk",
    "head",
    "plain",
    "stream",
]

LONGEST = 30.0
"""Seconds after which any wait of a script gives up, so that no test hangs on its server."""


@dataclass(frozen=True)
class Pause:
    """Send nothing for so many seconds: for faults that are about time."""

    seconds: float


@dataclass(frozen=True)
class Wait:
    """Send nothing until the test sets the event."""

    event: threading.Event


@dataclass(frozen=True)
class Endless:
    """Send these bytes again and again, until the client leaves; `pause` seconds lie between."""

    data: bytes
    pause: float = 0.0


@dataclass(frozen=True)
class Hang:
    """Send nothing and keep the connection open, until the client leaves."""


@dataclass(frozen=True)
class Reset:
    """End the connection with a TCP reset instead of closing it in good order."""


@dataclass(frozen=True)
class Do:
    """Call this with the connection: what it does is up to it. An OSError ends the connection."""

    function: Callable[[socket.socket], None]


@dataclass(frozen=True)
class Keep:
    """Wait for another request on this connection; only as the last step. The head must not say `close`."""


Step = bytes | Pause | Wait | Endless | Hang | Reset | Do | Keep
Script = Iterable[Step]


@dataclass(frozen=True)
class Received:
    """One request as it came; the names in `headers` are lower-case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]


Route = Script | Callable[[Received], Script]


def head(status: str = "200 OK", *, keep: bool = False, **headers: str) -> bytes:
    """A response head; `content_type="text/plain"` becomes `content-type: text/plain`."""
    lines = [f"HTTP/1.1 {status}", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, *([] if keep else ["connection: close"]), "", ""]).encode("latin-1")


def chunk(data: bytes) -> bytes:
    """One chunk of the chunked transfer coding; empty data makes the last one."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def stream(
    *parts: Step,
    status: str = "200 OK",
    content_type: str = "text/event-stream",
    keep: bool = False,
    **headers: str,
) -> list[Step]:
    """An event stream in the chunked coding, ended in good order: bytes become one chunk each."""
    coded: list[Step] = [chunk(part) if isinstance(part, bytes) else part for part in parts]
    top = head(status, keep=keep, content_type=content_type, transfer_encoding="chunked", **headers)
    return [top, *coded, chunk(b""), *([Keep()] if keep else [])]


def plain(
    body: bytes, status: str = "200 OK", content_type: str = "application/json", *, keep: bool = False, **headers: str
) -> list[Step]:
    """A whole answer with its length."""
    top = head(status, keep=keep, content_type=content_type, content_length=str(len(body)), **headers)
    return [top + body, *([Keep()] if keep else [])]


class LiteralServer:
    """Answers on a free port of the loopback interface, one thread a connection, until the `with` block ends."""

    def __init__(
        self, routes: Mapping[str, Route], *, before_request: Script = (), tls: ssl.SSLContext | None = None
    ) -> None:
        """`before_request` is done with each new connection before its request is read (hang, reset, …)."""
        self.requests: list[Received] = []
        self._tls = tls
        self._before = list(before_request)
        self._routes = [_compile(key, route) for key, route in routes.items()]
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening, end every connection and every thread."""
        self._closing.set()
        _shut(self._listener)
        self._listener.close()
        with self._lock:
            open_connections, threads = list(self._connections), list(self._threads)
        for connection in open_connections:
            _shut(connection)
        for thread in threads:
            thread.join(timeout=5)

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        with self._lock:
            self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._connections.add(connection)
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        try:
            connection = self._secured(connection)
            if isinstance(connection, ssl.SSLSocket):
                connection.do_handshake()
            goes_on = not isinstance(self._play(connection, self._before), Hang | Reset)
            while goes_on and (request := _read_request(connection)) is not None:
                route, request = self._find(request)
                self.requests.append(request)
                goes_on = isinstance(self._play(connection, route(request) if callable(route) else route), Keep)
        except OSError:
            pass  # the client left, or the server is closing
        finally:
            with self._lock:
                self._connections.discard(connection)
            _finish(connection)

    def _secured(self, connection: socket.socket) -> socket.socket:
        if self._tls is None:
            return connection
        connection.settimeout(LONGEST)
        with self._lock:
            self._connections.discard(connection)  # it is another object from here on
            secured = self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
            self._connections.add(secured)
        return secured

    def _find(self, request: Received) -> tuple[Route, Received]:
        allowed = []
        for method, pattern, route in self._routes:
            match = pattern.fullmatch(request.path)
            if match and method in ("*", request.method):
                return route, Received(request.method, request.target, request.headers, request.body, match.groupdict())
            if match:
                allowed.append(method)
        if allowed:
            return plain(b"", "405 Method Not Allowed", allow=", ".join(allowed)), request
        return plain(b"", "404 Not Found"), request

    def _play(self, connection: socket.socket, script: Script) -> Step | None:
        """Do the steps; the last that was done."""
        step: Step | None = None
        for step in script:
            match step:
                case bytes():
                    connection.sendall(step)
                case Pause(seconds):
                    self._closing.wait(seconds)
                case Wait(event):
                    self._wait(event)
                case Endless():
                    self._repeat(connection, step)
                case Hang():
                    connection.settimeout(LONGEST)
                    while connection.recv(65_536):
                        pass
                    return step
                case Do(function):
                    function(connection)
                case Reset():
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    connection.close()
                    return step
        return step

    def _repeat(self, connection: socket.socket, step: Endless) -> None:
        while not self._closing.is_set():
            connection.sendall(step.data)
            self._closing.wait(step.pause) if step.pause else None

    def _wait(self, event: threading.Event) -> None:
        deadline = time.monotonic() + LONGEST
        while not event.wait(0.02) and not self._closing.is_set() and time.monotonic() < deadline:
            pass


def _compile(key: str, route: Route) -> tuple[str, re.Pattern[str], Route]:
    if key == "*":
        return "*", re.compile(".*"), route
    method, _, path = key.partition(" ")
    pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(path))
    return method, re.compile(pattern), route


def _read_request(connection: socket.socket) -> Received | None:
    connection.settimeout(LONGEST)
    buffer = b""
    while b"\r\n\r\n" not in buffer:
        data = connection.recv(65_536)
        if not data:
            return None
        buffer += data
    top, _, body = buffer.partition(b"\r\n\r\n")
    first, *lines = top.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if "chunked" in headers.get("transfer-encoding", ""):
        while not body.endswith(b"0\r\n\r\n"):
            body += _more(connection)
    while len(body) < int(headers.get("content-length", "0")):
        body += _more(connection)
    return Received(method, target, headers, body)


def _more(connection: socket.socket) -> bytes:
    data = connection.recv(65_536)
    if not data:
        raise ConnectionError("the client left in the middle of its request")
    return data


def _shut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it was closed already
        connection.shutdown(socket.SHUT_RDWR)


def _finish(connection: socket.socket) -> None:
    """Close in good order: what the client still sends is read first, as unread bytes would turn into a reset."""
    try:
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(1.0)
        while connection.recv(65_536):
            pass
    except OSError:
        pass
    finally:
        connection.close()
