"""Servers whose TLS is wrong: nothing is sent to them, and what is wrong is said."""

import datetime as dt
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from literal_server import Hang, LiteralServer

from hostile.cases import TICKS
from streamcontract import Request
from streamcontract_harness.exchange import Ending, Exchange, SentRequest
from streamcontract_harness.transport import Limits, Transport

LONG_AGO = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def transport(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Transport]:
    """It trusts the authority, by the variable that OpenSSL has for that."""
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    with Transport(Limits(seconds=10, connect_seconds=1)) as transport:
        yield transport


def served_by(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def asked(transport: Transport, url: str) -> Exchange:
    return transport.exchange(SentRequest("watch", "GET", url, (), None, Request("GET", url)))


def test_trusted_certificate_is_taken(transport: Transport, authority: trustme.CA) -> None:
    with LiteralServer({"*": TICKS}, tls=served_by(authority.issue_cert("127.0.0.1"))) as server:
        assert not transport.reach(server.url)
        exchange = asked(transport, server.url)
    assert (exchange.status, exchange.ending) == (200, Ending.SERVER)


def test_certificates_that_prove_nothing_are_refused(transport: Transport, authority: trustme.CA) -> None:
    past = authority.issue_cert("127.0.0.1", not_before=LONG_AGO, not_after=LONG_AGO.replace(year=2021))
    wrong = {
        "unable to get local issuer certificate": trustme.CA().issue_cert("127.0.0.1"),
        "IP address mismatch": authority.issue_cert("elsewhere.example"),
        "certificate has expired": past,
    }
    for said, certificate in wrong.items():
        with LiteralServer({"*": TICKS}, tls=served_by(certificate)) as server:
            obstacle = transport.reach(server.url)
            exchange = asked(transport, server.url)
            assert not server.requests  # so that no credential was sent to it
        assert (exchange.ending, exchange.detail) == (Ending.UNREACHABLE, obstacle)
        assert "does not prove who it is" in obstacle
        assert said in obstacle
        assert "SSL_CERT_FILE" in obstacle


@pytest.mark.parametrize(
    "sent", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"220 mail ESMTP\r\n", b"\x16\x03\x01\xff\xff" + b"x" * 70_000]
)
def test_what_is_no_tls_is_told(transport: Transport, sent: bytes) -> None:
    with LiteralServer({}, before_request=[sent]) as server:
        obstacle = transport.reach(server.url.replace("http:", "https:"))
    assert obstacle.endswith("(what the server sent is no TLS; the URL may have to begin with http)")


def test_tls_that_was_not_asked_for_is_no_answer(transport: Transport, authority: trustme.CA) -> None:
    with LiteralServer({}, tls=served_by(authority.issue_cert("127.0.0.1"))) as server:
        exchange = asked(transport, server.url.replace("https:", "http:"))
    assert (exchange.ending, exchange.detail) == (Ending.CUT, "the connection was closed without an answer")


def test_server_that_never_shakes_hands_is_left(transport: Transport) -> None:
    with LiteralServer({}, before_request=[Hang()]) as server:
        obstacle = transport.reach(server.url.replace("http:", "https:"))
    assert obstacle == f"no connection to 127.0.0.1:{server.port} within 1 s"
