"""The encoder: what it writes, what it refuses, and that a decoder gets back what went in."""

import json
import math
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamcontract.wire import (
    LONGEST_RETRY,
    Comment,
    Decoder,
    EncodingError,
    Event,
    Item,
    ReceivedEvent,
    RetryField,
    encode,
    encode_comment,
)


class Delta(msgspec.Struct, tag="delta"):
    text: str
    score: float | None = None


@dataclass
class Point:
    x: float


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (Event("delta", {"text": "a b", "n": [1, None]}), b'event: delta\ndata: {"text":"a b","n":[1,null]}\n\n'),
        (Event("delta", Delta("é")), 'event: delta\ndata: {"type":"delta","text":"é","score":null}\n\n'.encode()),
        (Event(None, "[DONE]"), b"data: [DONE]\n\n"),
        (Event(None, "", id="7", retry=3000), b"id: 7\nretry: 3000\ndata: \n\n"),
        (Event("", "", id="", retry=0), b"event: \nid: \nretry: 0\ndata: \n\n"),
        (Event(None, None), b"data: null\n\n"),
        (Event(None, []), b"data: []\n\n"),
        (Event("a", "one\ntwo"), b"event: a\ndata: one\ndata: two\n\n"),
        (Event("a", "one\rtwo\r\nthree\n"), b"event: a\ndata: one\ndata: two\ndata: three\ndata: \n\n"),
        (Event("a", "\u2028\x85\x0b"), "event: a\ndata: \u2028\x85\x0b\n\n".encode()),
        (Event("a", {"text": "one\ntwo\r"}), b'event: a\ndata: {"text":"one\\ntwo\\r"}\n\n'),
        (Event("a", msgspec.Raw(b'{"a":\r\n\n1}')), b'event: a\ndata: {"a":\ndata: \ndata: 1}\n\n'),
        (Event("a", {"raw": msgspec.Raw(b"null")}), b'event: a\ndata: {"raw":null}\n\n'),
    ],
)
def test_writes(event: Event, expected: bytes) -> None:
    assert encode(event) == expected


@pytest.mark.parametrize("text", ["a\nb", "a\rb", "a\r\nb", "\n", "a\n\ndata: forged"])
def test_a_line_break_in_a_type_or_an_id_is_refused(text: str) -> None:
    for _ in range(2):  # types that were written before are remembered, refused ones are not
        with pytest.raises(EncodingError, match=r"^event: .*line break") as raised:
            encode(Event(text, ""))
    assert raised.value.field == "event"
    with pytest.raises(EncodingError, match=r"^id: .*line break"):
        encode(Event(None, "", id=text))


def test_nul_in_an_id_is_refused() -> None:
    with pytest.raises(EncodingError, match=r"^id: .*NUL"):
        encode(Event(None, "", id="a\0b"))
    assert encode(Event("a\0b", "")) == b"event: a\0b\ndata: \n\n"


@pytest.mark.parametrize("retry", [-1, True, False, 1.0, "5", LONGEST_RETRY + 1])
def test_a_retry_that_is_no_number_of_milliseconds_is_refused(retry: Any) -> None:
    with pytest.raises(EncodingError, match=r"^retry: .*milliseconds"):
        encode(Event(None, "", retry=retry))


@pytest.mark.parametrize("value", [1, b"a", ["a"], {}, True])
def test_a_type_or_id_that_is_no_string_is_refused(value: Any) -> None:
    with pytest.raises(EncodingError, match=r"^event: .*not a string"):
        encode(Event(value, ""))
    with pytest.raises(EncodingError, match=r"^id: .*not a string"):
        encode(Event(None, "", id=value))


@pytest.mark.parametrize(
    "data",
    [
        math.nan,
        -math.inf,
        {"a": [1.0, {"b": math.inf}]},
        Delta("", score=math.nan),
        [Point(math.inf), None],
        (None, math.nan),
        {"text": "null", "a": {"b": math.nan}},
    ],
)
def test_numbers_that_json_lacks_are_refused(data: Any) -> None:
    with pytest.raises(EncodingError, match=r"^data: NaN and infinity"):
        encode(Event("a", data))


def test_data_that_json_cannot_express_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    deep: Any = None
    for _ in range(100_000):
        deep = [deep]
    for data in (object(), {(1, 2): 3}, [print], endless, deep, msgspec.UNSET, 10**5000):
        with pytest.raises(EncodingError, match=r"^data: ") as raised:
            encode(Event("a", data))
        assert len(str(raised.value)) < 300


@pytest.mark.parametrize(
    ("event", "field"),
    [
        (Event("\ud800", ""), "event"),
        (Event(None, "", id="a\udc00"), "id"),
        (Event(None, "a\ud800b"), "data"),
        (Event(None, {"a": "\ud800"}), "data"),
    ],
)
def test_half_a_surrogate_pair_is_refused(event: Event, field: str) -> None:
    with pytest.raises(EncodingError, match="surrogate") as raised:
        encode(event)
    assert raised.value.field == field


def test_errors_show_a_long_value_in_short() -> None:
    with pytest.raises(EncodingError) as raised:
        encode(Event("x" * 1_000_000 + "\n", ""))
    assert len(str(raised.value)) < 200


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ping", b": ping\n\n"),
        ("", b": \n\n"),
        ("one\ntwo\rthree\r\n", b": one\n: two\n: three\n: \n\n"),
        ("\n\ndata: forged", b": \n: \n: data: forged\n\n"),
    ],
)
def test_writes_comments(text: str, expected: bytes) -> None:
    assert encode_comment(text) == expected


def test_a_comment_with_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(EncodingError, match=r"^comment: .*surrogate"):
        encode_comment("\ud800")


texts = st.text(st.characters(codec="utf-8"))  # no surrogates
one_line = texts.map(lambda text: text.replace("\n", "").replace("\r", ""))
documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
)
events = st.builds(
    Event,
    event=st.none() | one_line,
    data=texts | documents.filter(lambda data: not isinstance(data, str)),
    id=st.none() | one_line.map(lambda text: text.replace("\0", "")),
    retry=st.none() | st.integers(0, LONGEST_RETRY),
)


def decode(stream: bytes, size: int) -> list[Item]:
    decoder = Decoder()
    items = [item for i in range(0, len(stream), size) for item in decoder.feed(stream[i : i + size])]
    return items + decoder.close()


def with_lf(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


@given(st.lists(events | one_line, max_size=8), st.integers(1, 100))
def test_what_is_encoded_is_decoded(sent: list[Event | str], size: int) -> None:
    """Events, and comments between them, come back one by one: none lost, none split, none added."""
    stream = b"".join(encode_comment(item) if isinstance(item, str) else encode(item) for item in sent)
    received = [item for item in decode(stream, size) if not isinstance(item, RetryField)]
    assert len(received) == len(sent)
    end = 0
    for before, after in zip(sent, received, strict=True):
        if isinstance(before, str):
            assert isinstance(after, Comment)
            assert after.text == before
            continue
        assert isinstance(after, ReceivedEvent)
        assert (after.event, after.id, after.retry) == (before.event, before.id, before.retry)
        if isinstance(before.data, str):
            assert after.data == with_lf(before.data)
        else:
            assert json.loads(after.data) == before.data
        assert after.offset >= end
        end = after.end


@given(texts, texts, texts)
def test_no_content_makes_two_events_of_one(type_: str, data: str, id_: str) -> None:
    try:
        stream = encode(Event(type_, data, id=id_))
    except EncodingError:
        assert {"\n", "\r", "\0"} & set(type_ + id_)
        return
    (event,) = decode(stream, len(stream))
    assert isinstance(event, ReceivedEvent)
    assert (event.event, event.data, event.id) == (type_, with_lf(data), id_)
    assert event.end == len(stream)


@given(texts)
def test_no_comment_makes_an_event(text: str) -> None:
    items = decode(encode_comment(text), 1)
    assert "\n".join(item.text for item in items if isinstance(item, Comment)) == with_lf(text)
    assert all(isinstance(item, Comment) for item in items)
