"""A stand-in for Yahoo Finance: a proxy on loopback that answers as all of its hosts, by a certificate of its own."""

import ssl
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import trustme
from services.stocks.loopback_server import Answer, Handler, Hanging, loopback_server

__all__ = ["Asked", "Yahoo", "yahoo_server"]

HOSTS = ("*.yahoo.com", "*.finance.yahoo.com")
COOKIE = "A3=d=invented; Domain=.yahoo.com; Path=/; Max-Age=31536000; Secure"


@dataclass(frozen=True)
class Asked:
    """A request."""

    host: str
    path: str
    query: Mapping[str, str]
    body: bytes


@dataclass
class Yahoo(Hanging):
    """What it answers: `answer` is called for each request, in a thread of its own."""

    answer: Callable[[Asked], Answer] = lambda _: Answer(b"", 404)
    asked: list[Asked] = field(default_factory=list)


class _Handler(Handler):
    yahoo: Yahoo
    context: ssl.SSLContext

    def do_CONNECT(self) -> None:  # noqa: N802 - the name is http.server's
        self.host = self.path.partition(":")[0]
        self.send_response_only(200, "Connection established")
        self.end_headers()
        self.connection = self.context.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", buffering=0)
        self.close_connection = False

    def do_POST(self) -> None:  # noqa: N802 - the name is http.server's
        self.do_GET()

    def do_GET(self) -> None:  # noqa: N802 - the name is http.server's
        parts = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        asked = Asked(self.host, parts.path, query, self.body())
        self.yahoo.asked.append(asked)
        answer = self.yahoo.answer(asked)
        self.respond(replace(answer, headers={"Set-Cookie": COOKIE, **answer.headers}))


@contextmanager
def yahoo_server() -> Iterator[Yahoo]:
    """Start it, and set the environment so that processes that are started meanwhile ask it, and nobody else."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*HOSTS).configure_cert(context)
    yahoo = Yahoo()
    with (
        loopback_server(_Handler, yahoo, yahoo=yahoo, context=context) as port,
        tempfile.TemporaryDirectory() as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        bundle = Path(folder) / "ca.pem"
        authority.cert_pem.write_to_path(bundle)
        for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
            patch.setenv(name, str(bundle))
        for name in ("HTTPS_PROXY", "https_proxy"):
            patch.setenv(name, f"http://127.0.0.1:{port}")
        patch.setenv("NO_PROXY", "")
        patch.setenv("no_proxy", "")
        patch.setenv("HOME", folder)
        yield yahoo
