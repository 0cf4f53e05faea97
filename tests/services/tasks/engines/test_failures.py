"""How both engines behind HTTP fail, and what is told of it."""

import gzip
from typing import Any

import anyio
import pytest
from services.tasks.engines.working import (
    BEGUN,
    BOTH,
    KEY,
    PATHS,
    TEXTS,
    ask,
    changed,
    engine,
    failure,
    hear,
    last,
    token,
    whole,
)
from wire_server import Exchange, serving, sse

from streamcontract.services import outgoing
from streamcontract.services.tasks.engines.pieces import MAX_PIECE


@BOTH
@pytest.mark.parametrize("begun", [False, True])
def test_an_engine_that_hangs_is_given_up(name: str, begun: bool) -> None:
    def hang(exchange: Exchange) -> None:
        if begun:
            exchange.answer(BEGUN[name])
        exchange.hang()

    with serving(hang) as server:
        error = failure(name, server.url, silence=0.2, retries=2)
    assert (error.code, error.retriable) == ("WORKER_RESET" if begun else "POOL_UNAVAILABLE", True)
    assert len(server.seen) == 1, "who does not answer is not asked twice"


STATUSES = [
    (301, "POOL_UNAVAILABLE", False),
    (400, "INVALID_PARAMS", False),
    (401, "POOL_UNAVAILABLE", False),
    (403, "POOL_UNAVAILABLE", False),
    (413, "INVALID_PARAMS", False),
    (422, "INVALID_PARAMS", False),
    (429, "POOL_UNAVAILABLE", True),
    (500, "INTERNAL", True),
    (501, "INTERNAL", False),
    (502, "POOL_UNAVAILABLE", True),
    (503, "POOL_UNAVAILABLE", True),
    (504, "POOL_UNAVAILABLE", True),
    (529, "INTERNAL", True),
]


@BOTH
@pytest.mark.parametrize(("status", "code", "retriable"), STATUSES)
def test_a_status_is_told_by_one_of_our_codes(name: str, status: int, code: str, retriable: bool) -> None:
    said = f'{{"error": {{"code": {status}, "type": "x", "message": "Wrong\\n key: {KEY}\\u0007"}}}}'.encode()
    with serving(lambda exchange: exchange.answer(said, status, "application/json")) as server:
        error = failure(name, server.url)
    assert (error.code, error.retriable, error.retry_after_ms is not None) == (code, retriable, retriable)
    assert "key: [key]" in str(error)
    told = error.message.partition(": ")[2]
    assert told == ("Wrong key: [key]" if code == "INVALID_PARAMS" else "")


@BOTH
def test_a_redirect_is_not_followed(name: str) -> None:
    with (
        serving(lambda exchange: exchange.answer(whole(name))) as other,
        serving(lambda exchange: exchange.answer(b"", 307, Location=other.url + PATHS[name])) as server,
    ):
        assert failure(name, server.url).code == "POOL_UNAVAILABLE"
    assert other.seen == []


@BOTH
@pytest.mark.parametrize("kind", ["application/json", "text/html"])
def test_an_answer_that_is_no_stream_is_refused(name: str, kind: str) -> None:
    with serving(lambda exchange: exchange.answer(b"<html>", content_type=kind)) as server:
        error = failure(name, server.url, retries=2)
    assert (error.code, error.retriable) == ("POOL_UNAVAILABLE", False)
    assert len(server.seen) == 1


ERRORS = [
    (
        {"code": 400, "message": "the request is too long", "type": "exceed_context_size_error"},
        "INVALID_PARAMS",
    ),
    ({"code": 503, "message": "busy", "type": "unavailable_error"}, "POOL_UNAVAILABLE"),
    ({"code": 500, "message": "context shift is disabled", "type": "server_error"}, "INTERNAL"),
    ({"code": "odd", "message": ["odd"]}, "INTERNAL"),
    ("in words", "INTERNAL"),
    ([1], "INTERNAL"),
]


@BOTH
@pytest.mark.parametrize(("said", "code"), ERRORS, ids=range(len(ERRORS)))
def test_an_error_in_the_middle_is_told_behind_the_tokens(name: str, said: Any, code: str) -> None:
    body = BEGUN[name] + sse({"error": said})
    with serving(lambda exchange: exchange.answer(body)) as server:
        got, error = anyio.run(hear, engine(name, server.url, retries=2))
    assert error is not None
    assert error.code == code
    assert got == TEXTS[:1]
    assert len(server.seen) == 1


GARBAGE = [
    b"data: {not json\n\n",
    b"data: \xff\xfe\n\n",
    b"data: []\n\n",
    b'data: "text"\n\n',
    b"data: 1\n\n",
    b"data: " + b"[" * 100_000 + b"\n\n",
    b'data: {"content": 7, "choices": 7}\n\n',
    b'data: {"content": ["x"], "choices": [{"index": 0, "text": {"x": 1}}]}\n\n',
]


@BOTH
@pytest.mark.parametrize("sent", GARBAGE, ids=range(len(GARBAGE)))
def test_an_event_that_cannot_be_read_is_told(name: str, sent: bytes) -> None:
    with serving(lambda exchange: exchange.answer(sent + whole(name))) as server:
        error = failure(name, server.url, retries=2)
    assert (error.code, error.message) == ("INTERNAL", "the engine's answer could not be read")
    assert len(server.seen) == 1


@BOTH
@pytest.mark.parametrize("status", [200, 500])
def test_a_packed_answer_is_never_unpacked(name: str, status: int) -> None:
    bomb = gzip.compress(bytes(50_000_000))
    with serving(lambda exchange: exchange.answer(bomb, status, Content_Encoding="gzip")) as server:
        assert failure(name, server.url).code == "INTERNAL"


@BOTH
@pytest.mark.parametrize("status", [200, 500])
def test_a_line_without_end_is_bounded(name: str, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outgoing, "MAX_BYTES", 300_000)

    def flood(exchange: Exchange) -> None:
        exchange.head(status)
        while not exchange.stopping.is_set():
            exchange.send(b"data: " + b"x" * 65_536)

    with serving(flood) as server:
        assert failure(name, server.url).code == "INTERNAL"
        assert server.left.wait(10), "the server was not left"


@BOTH
def test_a_gigantic_token_is_refused(name: str) -> None:
    with serving(lambda exchange: exchange.answer(token(name, "x" * (MAX_PIECE + 1)) + last(name))) as server:
        assert failure(name, server.url).message == "the engine's answer is too long"


@BOTH
def test_the_key_is_in_no_log(name: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    with serving(lambda exchange: exchange.answer(KEY.encode(), 503)) as server:
        failure(name, server.url, retries=1)
    with serving(lambda exchange: exchange.answer(whole(name))) as server:
        ask(name, server.url)
    assert caplog.text
    assert KEY not in caplog.text


@BOTH
def test_an_unknown_sampler_profile_is_refused_and_nobody_is_asked(name: str) -> None:
    with serving(lambda exchange: exchange.answer(whole(name))) as server:
        error = failure(name, server.url, job=changed(sampler_profile="v0"))
    assert error.code == "INVALID_PARAMS"
    assert "v1-greedy" in error.message
    assert server.seen == []
