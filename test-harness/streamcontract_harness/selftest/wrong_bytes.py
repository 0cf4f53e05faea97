"""What is wrong below the events: the framing, the times, the reconnection time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from streamcontract import Stream, Tolerance
from streamcontract.wire import encode
from streamcontract_harness.selftest.definition import Judged
from streamcontract_harness.selftest.made import Made

__all__ = ["WrongBytes", "right_bytes", "wrong_bytes"]

Chunks = tuple[tuple[float | None, bytes], ...]
STREAMS = 3
"""Right streams that are used for it."""
BEYOND = 0.001
"""Seconds beyond a limit and its tolerance."""


@dataclass(frozen=True, slots=True)
class WrongBytes:
    """A stream's bytes with their times, and the ids that they must trip; none where the contract says nothing."""

    operator: str
    about: str
    made: Made
    chunks: Chunks
    must: frozenset[str]
    hint: str = ""


def right_bytes(stream: Stream, made: Made) -> Iterator[tuple[str, Chunks]]:
    """The same stream in ways that are all right."""
    body = made.body(stream.retry)
    yield "whole", ((None, body),)
    yield "byte by byte", tuple((None, body[index : index + 1]) for index in range(len(body)))
    yield "lines that end in CR LF", ((None, body.replace(b"\n", b"\r\n")),)
    yield "with a BOM and heartbeats", ((None, b"\xef\xbb\xbf: hello\n\n" + body + b": bye\n\n"),)
    yield "in time", _timed(stream, made, 0.0)


def wrong_bytes(stream: Stream, streams: Sequence[tuple[Made, Judged]]) -> Iterator[WrongBytes]:
    """Each right stream made wrong in each way."""
    for made, _ in streams[:STREAMS]:
        body = made.body(stream.retry)
        if not made.events:
            continue
        yield _wrong("no blank line at the end", made, ((None, body[:-1]),), "wire.unterminated-event")
        broken = b": \xff\xfe\n" + body
        yield _wrong("bytes that are no UTF-8", made, ((None, broken),), "wire.invalid-utf8")
        yield from _times(stream, made)
        yield from _reconnection(stream, made)


def _wrong(operator: str, made: Made, chunks: Chunks, must: str, hint: str = "", about: str = "any") -> WrongBytes:
    return WrongBytes(operator, about, made, chunks, frozenset({must}) if must else frozenset(), hint)


def _timed(stream: Stream, made: Made, first: float, gap: float = 0.0) -> Chunks:
    """The events, the first one that late, and the second one that much behind it."""
    events = [encode(event) for event in made.events]
    start = [(first, b"" if stream.retry is None else b"retry: %d\n\n" % stream.retry)]
    return (*start, (first, events[0]), *((first + gap, event) for event in events[1:])) if events else (*start,)


def _times(stream: Stream, made: Made) -> Iterator[WrongBytes]:
    limits = stream.timing
    if limits.first_event is None:
        chunks = _timed(stream, made, 3_600.0)
        yield _wrong("a late first event", made, chunks, _total(stream, 3_600.0), "`timing.firstEventMs`")
    else:
        yield _wrong("a late first event", made, _timed(stream, made, _late(limits.first_event)), "timing.first-event")
    if len(made.events) > 1:
        gap = 3_600.0 if limits.silence is None else _late(limits.silence)
        must = "" if limits.silence is None else "timing.silence"
        yield _wrong(
            "a silence", made, _timed(stream, made, 0.0, gap), must or _total(stream, gap), "`timing.silenceMs`"
        )
    until = 3_600.0 if limits.total is None else _late(limits.total)
    step = 60.0 if limits.silence is None else limits.silence / 1000
    beats = [(step * number, b":\n\n") for number in range(1, int(until / step) + 1)][:2_000]
    events = _timed(stream, made, 0.0)
    must = "" if limits.total is None else "timing.total"
    if not beats or until - (beats[-1][0] or 0) <= step:
        chunks = (*events[:-1], *beats, (until, events[-1][1]))
        late = () if len(made.events) > 1 or limits.first_event is None else ("timing.first-event",)
        yield _wrong("a stream without end", made, chunks, must or "".join(late), "`timing.totalMs`")


def _total(stream: Stream, seconds: float) -> str:
    """A total limit catches what is that late, too."""
    return "timing.total" if stream.timing.total is not None and seconds > _late(stream.timing.total) else ""


def _late(limit: int) -> float:
    """Seconds that are a violation, and no warning any more."""
    tolerance = Tolerance()
    return (limit * tolerance.factor + tolerance.slack_ms) / 1000 + BEYOND


def _reconnection(stream: Stream, made: Made) -> Iterator[WrongBytes]:
    if stream.retry is None:
        chunks: Chunks = ((None, b"retry: 0\n\n" + made.body(None)),)
        hint = "`retry`; without it, `check` only warns of it (life.retry-zero)"
        yield _wrong("a reconnection time of 0", made, chunks, "", hint)
        return
    yield _wrong("no reconnection time", made, ((None, made.body(None)),), "timing.retry")
    yield _wrong("another reconnection time", made, ((None, made.body(stream.retry + 1)),), "timing.retry")
