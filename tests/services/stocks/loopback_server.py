"""An HTTP server on loopback for what a library asks: it answers what a test says, and goes with its block."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["Answer", "Handler", "Hanging", "loopback_server"]


@dataclass(frozen=True)
class Answer:
    """A response; `endless`: its body has no end."""

    content: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    endless: bool = False


@dataclass
class Hanging:
    """A call that waits on `hang` waits until the end of the test, and `hanging` says that one does."""

    hang: threading.Event = field(default_factory=threading.Event)
    hanging: threading.Event = field(default_factory=threading.Event)

    def wait(self) -> Answer:
        """No answer."""
        self.hanging.set()
        self.hang.wait(120)
        return Answer(b"", 500)


class Handler(BaseHTTPRequestHandler):
    """Keeps connections open, says nothing, and sends JSON."""

    protocol_version = "HTTP/1.1"

    def body(self) -> bytes:
        """What was sent with the request."""
        return self.rfile.read(int(self.headers.get("Content-Length", "0")))

    def respond(self, answer: Answer) -> None:
        """Send it."""
        self.send_response_only(answer.status)
        self.send_header("Content-Type", "application/json")
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if not answer.endless:
            self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)
        while answer.endless:
            self.wfile.write(answer.content)

    def handle(self) -> None:
        with suppress(OSError):  # the client went away, which some tests want
            super().handle()

    def log_message(self, *_: Any) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True


@contextmanager
def loopback_server(handler: type[Handler], hanging: Hanging, **attributes: Any) -> Iterator[int]:
    """Start one whose handlers have these attributes; the value is its port. Calls that hang go on at the end."""
    server = _Server(("127.0.0.1", 0), type("Bound", (handler,), attributes))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        hanging.hang.set()
        server.shutdown()
        server.server_close()
        thread.join()
