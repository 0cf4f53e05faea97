"""What one stream sent, and when: marks by kind of event over time, and where nothing came."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from streamcontract.wire.decoder import Decoder
from streamcontract.wire.events import Comment, ReceivedEvent, RetryField
from streamcontract_harness.kept import KeptStream

__all__ = ["Arrival", "Gap", "Lane", "Mark", "Timeline", "arrivals", "found_at", "timeline"]

MOST_LANES = 10
MOST_MARKS = 600
"""Marks of one picture, all lanes together; more events than that share marks."""
MOST_GAPS = 4
LEAST_GAP, LEAST_GAP_MS = 0.08, 20.0
"""A gap is marked that takes this part of the time, and is longer than that."""
COMMENT, RETRY, OTHERS = "comments", "retry", "other events"
Key = tuple[int, int | None]
TICKS = (1, 2, 2.5, 5, 10)


@dataclass(frozen=True, slots=True)
class Arrival:
    """One event, comment or `retry` field: what it is called, its number (events only), its place and its bytes."""

    name: str
    index: int | None
    at_ms: float
    offset: int
    size: int
    text: str

    @property
    def key(self) -> Key:
        """What tells it from others: a `retry` field can be the beginning of an event."""
        return self.offset, self.index


@dataclass(frozen=True, slots=True)
class Mark:
    """Arrivals at one place of the picture, in per cent from its left; `found` when a finding is about one of them."""

    x: float
    arrivals: tuple[Arrival, ...]
    found: bool

    @property
    def title(self) -> str:
        first, last = self.arrivals[0], self.arrivals[-1]
        size = f"{sum(arrival.size for arrival in self.arrivals):,} bytes"
        if len(self.arrivals) == 1:
            number = "" if first.index is None else f" · event {first.index + 1:,}"
            return f"{first.name}{number} · {first.at_ms:,.1f} ms · {size}"
        numbers = "" if first.index is None else f" · events {first.index + 1:,} to {(last.index or 0) + 1:,}"
        return f"{first.name} ×{len(self.arrivals):,}{numbers} · {first.at_ms:,.1f} to {last.at_ms:,.1f} ms · {size}"


@dataclass(frozen=True, slots=True)
class Lane:
    """All of one name."""

    name: str
    count: int
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Gap:
    """A while in which no byte came, in per cent; `too_long` when the contract sets a limit that it passed."""

    x: float
    width: float
    ms: float
    too_long: bool


@dataclass(frozen=True, slots=True)
class Timeline:
    """The picture of one stream. `ticks` are (per cent, milliseconds); `shared` when marks stand for several."""

    total_ms: float
    lanes: tuple[Lane, ...]
    gaps: tuple[Gap, ...]
    ticks: tuple[tuple[float, float], ...]
    longest_ms: float
    longest_at_ms: float
    shared: bool


def timeline(kept: KeptStream, arrived: list[Arrival]) -> Timeline:
    """The picture of a kept stream."""
    exchange = kept.exchange
    times = [exchange.milliseconds(at) for at, _ in exchange.chunks]
    end = exchange.milliseconds(exchange.ended) if kept.is_whole else 0.0
    total = max(end, *times, 0.001) if times else max(end, 0.001)
    silences = list(pairwise([0.0, *times, total]))
    longest = max(silences, key=lambda pair: pair[1] - pair[0])
    by_name = _by_name(arrived)
    found = found_at(kept, arrived)
    buckets = max(MOST_MARKS // max(len(by_name), 1), 20)
    lanes = tuple(Lane(name, len(all_), tuple(_marks(all_, total, buckets, found))) for name, all_ in by_name.items())
    shared = any(len(mark.arrivals) > 1 for lane in lanes for mark in lane.marks)
    limit = kept.stream.timing.silence
    return Timeline(
        total, lanes, _gaps(silences, total, limit), _ticks(total), longest[1] - longest[0], longest[0], shared
    )  # fmt: skip


def found_at(kept: KeptStream, arrived: list[Arrival]) -> frozenset[Key]:
    """The arrivals that findings are about: by their number, or else by the place in the bytes."""
    numbers = {finding.event_index for finding in kept.findings} - {None}
    places = {finding.offset for finding in kept.findings if finding.event_index is None and finding.offset is not None}
    return frozenset(
        arrival.key
        for arrival in arrived
        if arrival.index in numbers or any(0 <= place - arrival.offset < arrival.size for place in places)
    )


def arrivals(kept: KeptStream, say: Callable[[str], str]) -> Iterator[Arrival]:
    """All that the kept part of a stream has sent, in order; `say` makes a text of the server's fit to be shown."""
    decoder, exchange, index = Decoder(), kept.exchange, 0
    for at, data in exchange.chunks:
        ms = exchange.milliseconds(at)
        for item in decoder.feed(data, at):
            if isinstance(item, ReceivedEvent):
                yield Arrival(_name(kept, item, say), index, ms, item.offset, item.end - item.offset, item.data)
                index += 1
            elif isinstance(item, Comment):
                yield Arrival(COMMENT, None, ms, item.offset, len(item.text.encode()) + 1, item.text)
            elif isinstance(item, RetryField):
                yield Arrival(RETRY, None, ms, item.offset, len("retry: ") + len(str(item.milliseconds)), "")


def _name(kept: KeptStream, event: ReceivedEvent, say: Callable[[str], str]) -> str:
    classified = kept.stream.classifier.classify(event.event, event.data, event.id, event.retry)
    if classified.symbol is not None:
        return classified.symbol
    called = say(classified.called or event.event or "message")
    return f"{called} ({'invalid' if classified.faults else 'not in the contract'})"


def _by_name(arrived: list[Arrival]) -> dict[str, list[Arrival]]:
    """By name, in the order in which the names came; what is no event comes last."""
    by_name: dict[str, list[Arrival]] = defaultdict(list)
    for arrival in sorted(arrived, key=lambda arrival: arrival.index is None):
        known = arrival.index is None or arrival.name in by_name or len(by_name) < MOST_LANES
        by_name[arrival.name if known else OTHERS].append(arrival)
    return by_name


def _marks(arrived: list[Arrival], total: float, buckets: int, found: frozenset[Key]) -> Iterator[Mark]:
    """One for each bucket of time in which something came; what a finding is about has a mark of its own."""
    by_bucket: dict[tuple[int, Key | None], list[Arrival]] = defaultdict(list)
    for arrival in arrived:
        alone = arrival.key if arrival.key in found else None
        by_bucket[int(arrival.at_ms / total * buckets), alone].append(arrival)
    for (_, alone), together in by_bucket.items():
        middle = (together[0].at_ms + together[-1].at_ms) / 2
        yield Mark(round(middle / total * 100, 2), tuple(together), alone is not None)


def _gaps(silences: list[tuple[float, float]], total: float, limit: int | None) -> tuple[Gap, ...]:
    long = [(end - start, start) for start, end in silences if end - start >= max(LEAST_GAP * total, LEAST_GAP_MS)]
    chosen = sorted(sorted(long, reverse=True)[:MOST_GAPS], key=lambda gap: gap[1])
    return tuple(
        Gap(round(start / total * 100, 2), round(ms / total * 100, 2), ms, limit is not None and ms > limit)
        for ms, start in chosen
    )


def _ticks(total: float) -> tuple[tuple[float, float], ...]:
    """At round numbers, about five of them."""
    power = 10.0 ** len(str(int(total / 5))) / 10
    step = next(power * factor for factor in TICKS if power * factor * 5 >= total)
    return tuple((round(n * step / total * 100, 2), n * step) for n in range(int(total / step) + 1))
