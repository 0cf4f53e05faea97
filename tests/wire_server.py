"""A server on a real socket whose answers a test writes byte by byte."""

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PATIENCE = 20


@dataclass
class Exchange:
    """One request, and the means to answer it."""

    method: str
    path: str
    headers: dict[str, str]
    raw: bytes
    connection: socket.socket
    stopping: threading.Event

    @property
    def body(self) -> Any:
        return json.loads(self.raw)

    def send(self, data: bytes) -> None:
        self.connection.sendall(data)

    def head(self, status: int = 200, content_type: str = "text/event-stream", **headers: str) -> None:
        """The status line and the headers; the body goes on until the connection is closed."""
        lines = [f"HTTP/1.1 {status} X", f"Content-Type: {content_type}", "Connection: close"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.send("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n")

    def answer(self, body: bytes, status: int = 200, content_type: str = "text/event-stream", **headers: str) -> None:
        self.head(status, content_type, **headers)
        self.send(body)

    def hang(self) -> bool:
        """Send nothing until the client leaves; whether it left before the test was over."""
        self.connection.settimeout(0.05)
        for _ in range(PATIENCE * 20):
            if self.stopping.is_set():
                return False
            try:
                if not self.connection.recv(1024):
                    return True
            except TimeoutError:
                continue
            except OSError:
                return True
        return False


@dataclass
class Server:
    """Where the server is, and what it was asked."""

    port: int
    host: str = "127.0.0.1"
    seen: list[Exchange] = field(default_factory=list)
    left: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"


Script = Callable[[Exchange], object]


@contextmanager
def serving(
    script: Script, *, host: str = "127.0.0.1", port: int = 0, context: ssl.SSLContext | None = None
) -> Iterator[Server]:
    """A server that plays the script to every request and then closes the connection; `left` when the script ended."""
    stopping = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            exchange = Exchange(self.command, self.path, headers, raw, self.connection, stopping)
            found.seen.append(exchange)
            self.close_connection = True
            try:
                script(exchange)
            except (BrokenPipeError, ConnectionResetError):
                pass
            finally:
                found.left.set()

        do_POST = do_GET  # noqa: N815 - the base class's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    class Listener(ThreadingHTTPServer):
        daemon_threads = False

        def handle_error(self, request: Any, client_address: Any) -> None:
            pass  # a client that leaves in the middle of a handshake

    with Listener((host, port), Handler) as server:
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        found = Server(server.server_port, host)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield found
        finally:
            stopping.set()
            server.shutdown()
            thread.join()


def sse(data: Any, event: str | None = None, *, end: str = "\n") -> bytes:
    """One event; `data` is JSON unless it is a text already."""
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
    lines = [*([f"event: {event}"] if event else []), f"data: {text}", "", ""]
    return end.join(lines).encode()


def chunked(data: bytes) -> bytes:
    """One piece of a body in chunked transfer coding."""
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"
