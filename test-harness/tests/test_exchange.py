from hypothesis import given
from hypothesis import strategies as st

from streamcontract import Request
from streamcontract_harness.exchange import Chunks, Exchange, SentRequest
from streamcontract_harness.results import STRETCH_AFTER, STRETCH_BEFORE, Stretch


def exchange_of(*data: bytes, headers: tuple[tuple[str, str], ...] = ()) -> Exchange:
    exchange = Exchange(SentRequest("op", "GET", "http://x/", (), None, Request()), headers=headers)
    for number, chunk in enumerate(data):
        exchange.chunks.add(float(number), chunk)
    return exchange


@given(st.lists(st.tuples(st.floats(0, 1e9), st.binary(max_size=20)), max_size=30))
def test_chunks_come_out_as_they_went_in(added: list[tuple[float, bytes]]) -> None:
    chunks = Chunks()
    for at, data in added:
        chunks.add(at, data)
    assert list(chunks) == added
    assert len(chunks) == len(added)
    assert chunks.size == sum(len(data) for _, data in added)


def test_headers_by_name() -> None:
    exchange = exchange_of(headers=(("content-type", "Text/Event-Stream; charset=utf-8"), ("x", "1"), ("x", "2")))
    assert exchange.media_type == "text/event-stream"
    assert (exchange.header("x"), exchange.header("y")) == ("1", None)
    assert exchange.header_map()["x"] == "1, 2"


def test_milliseconds_count_from_the_request() -> None:
    exchange = exchange_of()
    exchange.started = 10.0
    assert exchange.milliseconds(10.25) == 250.0


def test_stretch_begins_at_a_line_and_holds_the_fault() -> None:
    lines = b"".join(b"data: %03d\n" % number for number in range(200))
    stretch = Stretch.around(exchange_of(lines), 1000)
    assert lines[stretch.offset : stretch.offset + len(stretch.data)] == stretch.data
    assert stretch.data.startswith(b"data: ")
    assert 1000 - STRETCH_BEFORE <= stretch.offset <= 1000
    assert stretch.offset + len(stretch.data) == 1000 + STRETCH_AFTER


@given(st.binary(max_size=600), st.integers(0, 700))
def test_stretch_lies_within_the_body(data: bytes, offset: int) -> None:
    stretch = Stretch.around(exchange_of(data), offset)
    assert data[stretch.offset :].startswith(stretch.data)
    assert stretch.offset <= stretch.fault <= len(data)
