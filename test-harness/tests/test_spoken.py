from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamcontract import Linked, Request, Response
from streamcontract_harness.exchange import Exchange, SentRequest
from streamcontract_harness.spoken import LARGEST, linked_by, parsed

JSON = "application/json"


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        (b'{"a": 1}', JSON, {"a": 1}),
        (b'{"a": 1}', "application/problem+json; charset=utf-8", {"a": 1}),
        (b'{"a": 1}', "text/plain", '{"a": 1}'),
        (b"{", JSON, "{"),
        (b"[" * 100_000, JSON, "[" * 100_000),
        (b"\xff", JSON, "\ufffd"),
        (b"", JSON, ""),
    ],
)
def test_body_is_json_or_text(body: bytes, content_type: str, expected: Any) -> None:
    assert parsed(body, content_type) == expected


def answered(body: bytes, content_type: str = JSON) -> Linked | None:
    request = SentRequest("create", "POST", "http://x/jobs", (), b"{}", Request("POST", body={}))
    exchange = Exchange(request, status=202, headers=(("content-type", content_type), ("x", "1"), ("x", "2")))
    exchange.chunks.add(0.0, body)
    return linked_by(exchange)


def test_exchange_as_rules_speak_of_it() -> None:
    headers = {"content-type": JSON, "x": "1, 2"}
    assert answered(b'{"n": 3}') == Linked("create", Request("POST", body={}), Response(202, headers), {"n": 3})


def test_stream_is_not_kept_whatever_its_length() -> None:
    linked = answered(b"data: 1\n\n" * LARGEST, "Text/Event-Stream; charset=utf-8")
    assert linked is not None
    assert (linked.body, linked.response.status) == (None, 202)


@given(st.integers(0, 3))
def test_answer_that_is_too_long_leads_nowhere(more: int) -> None:
    assert answered(b"x" * (LARGEST - 1 - more)) is not None
    assert answered(b"x" * (LARGEST + more)) is None
