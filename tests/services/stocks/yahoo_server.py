"""A stand-in for Yahoo Finance: a proxy on loopback that answers as all of its hosts, by a certificate of its own."""

import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import trustme

__all__ = ["Answer", "Asked", "Yahoo", "yahoo_server"]

HOSTS = ("*.yahoo.com", "*.finance.yahoo.com")


@dataclass(frozen=True)
class Asked:
    """A request."""

    host: str
    path: str
    query: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    """A response; `endless`: its body has no end."""

    content: bytes
    status: int = 200
    endless: bool = False


@dataclass
class Yahoo:
    """What it answers: `answer` is called for each request, in a thread of its own. A call that waits on `hang` waits
    until the end of the test, and `hanging` says that one does."""

    answer: Callable[[Asked], Answer] = lambda _: Answer(b"", 404)
    asked: list[Asked] = field(default_factory=list)
    hang: threading.Event = field(default_factory=threading.Event)
    hanging: threading.Event = field(default_factory=threading.Event)

    def wait(self) -> Answer:
        """No answer."""
        self.hanging.set()
        self.hang.wait(60)
        return Answer(b"", 500)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    yahoo: Yahoo
    context: ssl.SSLContext

    def do_CONNECT(self) -> None:
        self.host = self.path.partition(":")[0]
        self.send_response_only(200, "Connection established")
        self.end_headers()
        self.connection = self.context.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", buffering=0)
        self.close_connection = False

    def do_POST(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        asked = Asked(self.host, parts.path, query, body)
        self.yahoo.asked.append(asked)
        answer = self.yahoo.answer(asked)
        self.send_response_only(answer.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Set-Cookie", "A3=d=invented; Domain=.yahoo.com; Path=/; Max-Age=31536000; Secure")
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
def yahoo_server() -> Iterator[Yahoo]:
    """Start it, and set the environment so that processes that are started meanwhile ask it, and nobody else."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*HOSTS).configure_cert(context)
    yahoo = Yahoo()
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"yahoo": yahoo, "context": context}))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        bundle = Path(folder) / "ca.pem"
        authority.cert_pem.write_to_path(bundle)
        for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
            patch.setenv(name, str(bundle))
        for name in ("HTTPS_PROXY", "https_proxy"):
            patch.setenv(name, f"http://127.0.0.1:{server.server_port}")
        patch.setenv("NO_PROXY", "")
        patch.setenv("no_proxy", "")
        patch.setenv("HOME", folder)
        try:
            yield yahoo
        finally:
            yahoo.hang.set()
            server.shutdown()
            server.server_close()
            thread.join()
