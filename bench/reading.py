"""The client's side: our decoder and our monitor against httpx-sse, in process, on the same bytes."""

import time
from collections.abc import Callable, Iterator, Sequence

from httpx_sse._decoders import SSEDecoder, SSELineDecoder  # its public functions want a whole httpx response

from bench.measure import Race, Turn
from bench.payloads import CONTRACT, encoded_stream
from streamcontract import Contract, Request, Verdict
from streamcontract.wire import Decoder

__all__ = ["decoder_races", "monitor_races"]

Reader = Callable[[Sequence[bytes]], int]
"""Reads a stream in chunks and returns the number of its events."""


def decoder_races(events: int) -> Iterator[Race]:
    """The decoder and httpx-sse, which decodes only (no offsets, no times, no faults)."""
    yield from _races("decoder", events, {"httpx-sse": _httpx_sse, "decoder": _decoder})


def monitor_races(events: int) -> Iterator[Race]:
    """The monitor, which decodes, names, validates and orders, and httpx-sse, which decodes only."""
    stream = Contract.load(CONTRACT).stream("streamDeltas")

    def monitor(chunks: Sequence[bytes]) -> int:
        watching = stream.monitor(Request(query={"events": events}), started=0.0)
        for chunk in chunks:
            watching.feed(chunk, at=1.0)
        watching.close(by="server", at=1.0)
        assert watching.verdict is Verdict.CONFORMS, watching.findings
        return watching.events

    yield from _races("monitor", events, {"httpx-sse": _httpx_sse, "monitor": monitor})


def _races(what: str, events: int, readers: dict[str, Reader]) -> Iterator[Race]:
    stream = encoded_stream(events)
    ways = {
        "chunks of 64 KiB": _cut(stream, 65536),
        "one event a chunk": [e + b"\n\n" for e in stream.split(b"\n\n")[:-1]],
    }
    for way, chunks in ways.items():
        turns = {name: _turn(reader, chunks, events + 1) for name, reader in readers.items()}
        yield Race(f"{what}, {way}", events + 1, turns, ["httpx-sse"])


def _cut(stream: bytes, size: int) -> list[bytes]:
    return [stream[i : i + size] for i in range(0, len(stream), size)]


def _turn(reader: Reader, chunks: Sequence[bytes], events: int) -> Turn:
    def turn() -> float:
        begin = time.perf_counter()
        found = reader(chunks)
        seconds = time.perf_counter() - begin
        assert found == events, f"{found} of {events} events"
        return seconds

    return turn


def _decoder(chunks: Sequence[bytes]) -> int:
    decoder = Decoder()
    return sum(len(decoder.feed(chunk, 1.0)) for chunk in chunks) + len(decoder.close())


def _httpx_sse(chunks: Sequence[bytes]) -> int:
    """As its `iter_sse` does, without httpx below it."""
    lines, decoder, found = SSELineDecoder(), SSEDecoder(), 0
    for chunk in chunks:
        for line in lines.decode(chunk.decode()):
            if decoder.decode(line.rstrip("\n")) is not None:
                found += 1
    return found
