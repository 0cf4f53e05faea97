"""What the headers of a stream say of its length, its storing and its holding back; and `retry: 0` inside it."""

import pytest
from small_contracts import TICKS, contract_of, ticker

from streamcontract import Contract, Level
from streamcontract.monitor.request import Request
from streamcontract_harness.checks.catalogue import check_exchange
from streamcontract_harness.documented import Documented, documented
from streamcontract_harness.exchange import Ending, Exchange, SentRequest

DATE = "Tue, 03 Nov 2026 10:00:00 GMT"
LATER = "Tue, 03 Nov 2026 11:00:00 GMT"


@pytest.fixture(scope="module")
def watch(tmp_path_factory: pytest.TempPathFactory) -> Documented:
    contract: Contract = contract_of(ticker(), tmp_path_factory.mktemp("contract"))
    return documented(contract)["watch"]


def found(
    watch: Documented, *headers: tuple[str, str], body: bytes = TICKS, after: float = 0.0, **more: str
) -> list[str]:
    """The ids of what is found in an exchange with these headers; all but one id are warnings here."""
    method, media_type = more.get("method", "GET"), more.get("media_type", "text/event-stream")
    request = SentRequest("watch", method, "http://127.0.0.1/ticks", (), None, Request(method, "/ticks"))
    exchange = Exchange(request, status=200, headers=(("content-type", media_type), *headers), ending=Ending.SERVER)
    exchange.chunks.add(after, body)
    findings = list(check_exchange(exchange, watch))
    assert all(finding.level is Level.SHOULD for finding in findings if finding.id != "http.length-and-coding")
    return [finding.id for finding in findings]


@pytest.mark.parametrize(
    "headers",
    [
        [("cache-control", "max-age=60")],
        [("cache-control", "private, max-age=60")],
        [("cache-control", 'Max-Age="60"')],
        [("cache-control", "max-age=0, s-maxage=5")],
        [("cache-control", "max-age=99999999999999999999999999")],
        [("cache-control", "public"), ("vary", "Origin")],
        [("cache-control", "must-revalidate"), ("cache-control", "immutable")],
        [("expires", LATER), ("date", DATE)],
        [("expires", "Tue, 03 Nov 2199 11:00:00 GMT")],
    ],
)
def test_what_may_be_used_again_is_told(watch: Documented, headers: list[tuple[str, str]]) -> None:
    assert found(watch, *headers) == ["http.cacheable"]
    assert found(watch, *headers, method="POST") == []


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("cache-control", "")],
        [("cache-control", "no-store")],
        [("cache-control", "no-cache"), ("cache-control", "max-age=60")],
        [("cache-control", 'no-cache="set-cookie", max-age=60')],
        [("cache-control", "max-age=0")],
        [("cache-control", "max-age=soon")],
        [("cache-control", "public, max-age=0")],
        [("cache-control", "max-age=0"), ("expires", LATER), ("date", DATE)],
        [("cache-control", "no-transform, proxy-revalidate")],
        [("cache-control", "x-public, y=max-age=60")],
        [("expires", DATE), ("date", LATER)],
        [("expires", "0")],
        [("expires", "-1")],
        [("expires", "Tue, 99 Nov 2026")],
        [("expires", LATER), ("date", "never")],
        [("cache-control", "max-age=60"), ("vary", "*")],
        [("cache-control", "public"), ("vary", "Origin"), ("vary", "*")],
    ],
)
def test_what_may_not_is_not(watch: Documented, headers: list[tuple[str, str]]) -> None:
    assert found(watch, *headers) == []


@pytest.mark.parametrize(
    ("headers", "ids"),
    [
        ([("content-length", str(len(TICKS)))], []),  # it may be over already
        ([("content-length", "5"), ("transfer-encoding", "chunked")], ["http.length-and-coding"]),
        ([("x-accel-buffering", " YES ")], ["http.buffering"]),
        ([("x-accel-buffering", "no")], []),
    ],
)
def test_lengths_and_buffers(watch: Documented, headers: list[tuple[str, str]], ids: list[str]) -> None:
    assert found(watch, *headers) == ids


@pytest.mark.parametrize(
    ("length", "body", "ids"),
    [(str(len(TICKS)), TICKS, ["http.content-length"]), ("28", TICKS[:28], []), ("0", TICKS, [])],
)
def test_a_length_is_told_where_several_events_were_waited_for(
    watch: Documented, length: str, body: bytes, ids: list[str]
) -> None:
    assert found(watch, ("content-length", length), body=body, after=0.7) == ids


def test_nothing_of_that_is_asked_of_what_is_no_stream(watch: Documented) -> None:
    headers = [("content-length", "9"), ("cache-control", "public"), ("x-accel-buffering", "yes")]
    assert "http.content-type" not in found(watch)
    request = SentRequest("watch", "GET", "http://127.0.0.1/ticks", (), None, Request("GET", "/ticks"))
    plain = Exchange(request, status=404, headers=(("content-type", "text/event-stream"), *headers))
    plain.ending = Ending.SERVER
    assert [finding.id for finding in check_exchange(plain, watch)] == ["http.undocumented-status"]


@pytest.mark.parametrize(
    ("body", "offset"),
    [
        (b"retry: 0\n\n", 0),
        (b"\xef\xbb\xbfretry:000\r\n", 3),
        (TICKS + b"retry: 0\r", len(TICKS)),
        (b": a\rretry: 0\n", 4),
        (b"data: retry: 0\n\n", None),
        (b": retry: 0\n", None),
        (b"retry: 0", None),
        (b"retry:  0\n", None),
        (b"retry: 0 \n", None),
        (b"retry: 0.5\n", None),
        (b"retry: 10\n", None),
        (b"Retry: 0\n", None),
        (b"\n\xef\xbb\xbfretry: 0\n", None),
        (b"aaaretry: 0\n", None),
    ],
)
def test_retry_zero_is_what_clients_take_for_it(watch: Documented, body: bytes, offset: int | None) -> None:
    request = SentRequest("watch", "GET", "http://127.0.0.1/ticks", (), None, Request("GET", "/ticks"))
    exchange = Exchange(request, status=200, headers=(("content-type", "text/event-stream"),), ending=Ending.SERVER)
    exchange.chunks.add(0.0, body)
    offsets = [finding.offset for finding in check_exchange(exchange, watch) if finding.id == "life.retry-zero"]
    assert offsets == ([] if offset is None else [offset])
