"""The streams that a run keeps to be looked at afterwards: a few of each operation, within bounds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from streamcontract import Finding, Level, Stream, StreamMonitor, Verdict
from streamcontract_harness.exchange import Chunks, Exchange

__all__ = ["Kept", "KeptStream"]

MOST_RIGHT, MOST_FAULTY = 4, 6
"""Streams of one operation: the longest of each outcome, and those that show a finding which none before has shown."""
STREAM_BYTES, STREAM_CHUNKS = 1024 * 1024, 50_000
"""What is kept of one stream: its beginning."""
RUN_BYTES = 32 * 1024 * 1024
"""What all that is kept may take, times included."""
CHUNK_BYTES = 16

Shown = tuple[str, str, Level]


@dataclass(frozen=True, slots=True)
class KeptStream:
    """One stream, `findings` being what was found in it. `size` and `events` count all of it, also what was not kept.

    `outcome` is the symbol that it ended with, empty when it ended with none; `sent_by` the check that has sent the
    request for itself, empty for another.
    """

    stream: Stream
    exchange: Exchange
    findings: tuple[Finding, ...]
    verdict: Verdict
    outcome: str
    events: int
    size: int
    sent_by: str = ""

    @property
    def is_whole(self) -> bool:
        return self.exchange.size == self.size

    @property
    def cost(self) -> int:
        """The bytes that it takes."""
        return self.exchange.size + CHUNK_BYTES * len(self.exchange.chunks)


@dataclass(slots=True)
class _Shelf:
    """The streams of one operation; `left_out` counts those with findings that found no room."""

    right: dict[str, KeptStream] = field(default_factory=dict)
    faulty: list[KeptStream] = field(default_factory=list)
    shown: set[Shown] = field(default_factory=set)
    left_out: int = 0


class Kept:
    """Takes the streams of a run, one after the other. Not for several threads at once."""

    def __init__(self) -> None:
        self._shelves: dict[str, _Shelf] = {}
        self._bytes = 0

    def streams(self, operation: str) -> list[KeptStream]:
        """What was kept of an operation: first what shows findings, in the order in which it came."""
        shelf = self._shelves.get(operation, _Shelf())
        return [*shelf.faulty, *(shelf.right[outcome] for outcome in sorted(shelf.right))]

    def left_out(self, operation: str) -> int:
        """How many streams with findings that none of the kept ones shows were not kept."""
        return self._shelves.get(operation, _Shelf()).left_out

    def take(self, exchange: Exchange, monitor: StreamMonitor, findings: Iterable[Finding], sent_by: str = "") -> None:
        """Keep a stream that is over, if it is one to be kept; `findings` are those that are asked for."""
        shelf = self._shelves.setdefault(exchange.request.operation, _Shelf())
        found = tuple(findings)
        if found:
            self._take_faulty(shelf, exchange, monitor, found, sent_by)
        else:
            self._take_right(shelf, exchange, monitor)

    def _take_faulty(
        self, shelf: _Shelf, exchange: Exchange, monitor: StreamMonitor, found: tuple[Finding, ...], sent_by: str
    ) -> None:
        shows = {(finding.id, finding.place, finding.level) for finding in found}
        if shows <= shelf.shown:
            return
        kept = _kept(exchange, monitor, found) if len(shelf.faulty) < MOST_FAULTY else None
        if kept is None or self._bytes + kept.cost > RUN_BYTES:
            shelf.left_out += 1
            return
        self._bytes += kept.cost
        shelf.faulty.append(replace(kept, sent_by=sent_by))
        shelf.shown |= shows

    def _take_right(self, shelf: _Shelf, exchange: Exchange, monitor: StreamMonitor) -> None:
        outcome = _outcome(monitor)
        known = shelf.right.get(outcome)
        if (known is None and len(shelf.right) >= MOST_RIGHT) or (known and known.events >= monitor.events):
            return
        kept = _kept(exchange, monitor, ())
        spared = known.cost if known else 0
        if self._bytes - spared + kept.cost <= RUN_BYTES:
            self._bytes += kept.cost - spared
            shelf.right[outcome] = kept


def _kept(exchange: Exchange, monitor: StreamMonitor, found: tuple[Finding, ...]) -> KeptStream:
    """With the beginning of its body, and without the exchange that led to it, which nobody looks at any more."""
    request = replace(exchange.request, linked=None)
    shown = replace(exchange, request=request, chunks=_beginning(exchange.chunks))
    return KeptStream(monitor.stream, shown, found, monitor.verdict, _outcome(monitor), monitor.events, exchange.size)


def _outcome(monitor: StreamMonitor) -> str:
    return (monitor.last_symbol or "") if monitor.outcome is not None or monitor.ended else ""


def _beginning(chunks: Chunks) -> Chunks:
    if chunks.size <= STREAM_BYTES and len(chunks) <= STREAM_CHUNKS:
        return chunks
    beginning = Chunks()
    for at, data in chunks:
        piece = data[: STREAM_BYTES - beginning.size]
        if not piece or len(beginning) >= STREAM_CHUNKS:
            break
        beginning.add(at, piece)
    return beginning
