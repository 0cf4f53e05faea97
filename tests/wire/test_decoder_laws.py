"""What holds of the decoder for any bytes, cut anywhere: it is held against a slow transcription of the standard."""

import time
import tracemalloc
from collections.abc import Iterable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from oracle.event_stream import read_stream

from streamcontract.wire import Comment, Decoder, Event, Item, Limits, ReceivedEvent, RetryField, WireFault, encode

PIECES = [b"data", b"event", b"id", b"retry", b":", b": ", b" ", b"\n", b"\r", b"\r\n", b"\n\n", b"a", b"17", b"\0"]
STRANGE = [b"\xef\xbb\xbf", b"\xef", b"\xbb", b"\xc3\xa9", b"\xf0\x9f\x98\x80", b"\xe2\x80\xa8", b"\xff", b"\x0b"]
streams = st.one_of(
    st.lists(st.sampled_from(PIECES + STRANGE), max_size=60).map(b"".join),
    st.lists(st.sampled_from(PIECES), max_size=60).map(b"".join),
    st.binary(max_size=200),
)


@st.composite
def cut_streams(draw: st.DrawFn) -> list[bytes]:
    stream = draw(streams)
    cuts = sorted(draw(st.lists(st.integers(0, len(stream)), max_size=10)))
    return [stream[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]


def decode(chunks: Iterable[bytes], limits: Limits | None = None) -> list[Item]:
    decoder = Decoder(limits or Limits())
    items = [item for chunk in chunks for item in decoder.feed(chunk)]
    return items + decoder.close()


def as_tuple(item: Item) -> tuple[object, ...]:
    match item:
        case ReceivedEvent():
            return (ReceivedEvent, item.event, item.data, item.id, item.retry, item.offset, item.end)
        case Comment():
            return (Comment, item.text, item.offset)
        case RetryField():
            return (RetryField, item.milliseconds, item.offset)
        case WireFault():
            return (WireFault, item.name, item.offset)


@settings(max_examples=1000)
@given(cut_streams())
def test_reads_any_bytes_as_the_standard_does(chunks: list[bytes]) -> None:
    assert [as_tuple(item) for item in decode(chunks)] == read_stream(b"".join(chunks))


@settings(max_examples=500)
@given(cut_streams(), st.integers(0, 30), st.integers(0, 30))
@example([b"event\r", b"\n"], 5, 6)
def test_cuts_change_nothing_at_the_limits_either(chunks: list[bytes], line: int, event: int) -> None:
    limits = Limits(line=line, event=event)
    whole = decode([b"".join(chunks)], limits)
    assert decode(chunks, limits) == whole
    # Two bytes more at most: the LF behind the last line's CR, and the blank line's first byte.
    assert all(item.end - item.offset <= event + 2 for item in whole if isinstance(item, ReceivedEvent))


@given(cut_streams())
def test_each_event_is_found_alone_at_its_offsets(chunks: list[bytes]) -> None:
    stream = b"".join(chunks)
    for item in decode(chunks):
        if isinstance(item, ReceivedEvent):
            part = stream[item.offset : item.end]
            # A BOM inside a stream is text, at the start of a stream it is not: a blank line keeps it from the start.
            alone = [other for other in decode([b"\n" + part]) if isinstance(other, ReceivedEvent)]
            assert [as_tuple(other)[1:5] for other in alone] == [as_tuple(item)[1:5]]


@given(cut_streams())
def test_offset_counts_the_bytes_taken(chunks: list[bytes]) -> None:
    decoder = Decoder()
    taken = 0
    for chunk in chunks:
        for item in decoder.feed(chunk):
            assert item.offset < taken + len(chunk)
        taken += len(chunk)
        assert decoder.offset == taken


def test_dates_an_event_by_the_chunk_that_ends_it() -> None:
    decoder = Decoder()
    assert decoder.feed(b"data: a\r", at=1.0) == []
    (event,) = decoder.feed(b"\r", at=2.0)  # may be half of a CR LF, and is not waited for
    assert event.at == 2.0
    assert decoder.feed(b"\n: c", at=3.0) == []
    (comment,) = decoder.feed(b"\n", at=4.0)
    assert comment == Comment("c", 10, 4.0)
    decoder.feed(b"data", at=5.0)
    (fault,) = decoder.close(at=6.0)
    assert (fault.offset, fault.at) == (14, 6.0)


def test_says_how_much_was_lost_at_the_end() -> None:
    _, fault = decode([b": c\nevent: a\ndata: {"])
    assert isinstance(fault, WireFault)
    assert fault.detail.startswith("the stream ends 16 bytes into an event")


def test_names_the_byte_that_is_not_utf8() -> None:
    fault, _ = decode([b"data: \xc3\xa9\xfe\n\n"])
    assert isinstance(fault, WireFault)
    assert fault.detail.startswith("byte 0xfe is not UTF-8")


def test_a_closed_decoder_takes_nothing_more() -> None:
    decoder = Decoder()
    decoder.feed(b"data: a")
    assert len(decoder.close()) == 1
    assert decoder.close() == []
    with pytest.raises(RuntimeError, match="closed"):
        decoder.feed(b"\n\n")


@pytest.mark.parametrize("piece", [b"x", b"data: \xff", b":"])
def test_an_endless_line_takes_bounded_memory(piece: bytes) -> None:
    chunk = piece * (16384 // len(piece))
    assert peak_memory(Limits(line=1 << 18), [chunk] * 1024) < 1 << 20  # 16 MiB were fed


@pytest.mark.parametrize("line", [b"data: x\n", b"data\r", b"x: y\r\n", b"data: \xc3\xa9\n"])
def test_an_endless_event_takes_bounded_memory(line: bytes) -> None:
    chunk = line * (4096 // len(line))
    assert peak_memory(Limits(event=1 << 16), [b"data\n", *[chunk] * 100]) < 1 << 18  # 400 KiB were fed


def peak_memory(limits: Limits, chunks: Iterable[bytes]) -> int:
    decoder = Decoder(limits)
    faults = 0
    tracemalloc.start()
    try:
        for chunk in chunks:
            faults += len(decoder.feed(chunk))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert faults == 1
    assert decoder.close() == []
    return peak


@pytest.mark.parametrize("template", [b"data: %b\n\n", b": %b\n", b"data: %b\r\n\r\n"])
def test_one_byte_chunks_of_a_long_line_take_linear_time(template: bytes) -> None:
    def spent(size: int) -> float:
        stream = template % (b"x" * size)
        decoder, begin = Decoder(), time.process_time()
        found = [item for i in range(len(stream)) for item in decoder.feed(stream[i : i + 1])]
        assert len(found) == 1
        return time.process_time() - begin

    # 16 times the bytes: a decoder that copies or searches what it holds at each chunk would need 256 times the time.
    assert spent(1 << 18) < 64 * max(spent(1 << 14), spent(1 << 14))


def test_many_lines_of_one_event_in_small_chunks() -> None:
    event = encode(Event("a", "\n".join("line" for _ in range(20_000))))
    (item,) = decode([event[i : i + 3] for i in range(0, len(event), 3)])
    assert isinstance(item, ReceivedEvent)
    assert item.data.count("\n") == 19_999
