"""The streams that a run has kept, each with its timeline, some of its events, and what was found in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from streamcontract import Level, Verdict
from streamcontract.redaction import Redactor
from streamcontract_harness.curl import commands
from streamcontract_harness.kept import KeptStream
from streamcontract_harness.reporters.html.timeline import Arrival, Timeline, arrivals, found_at, timeline

__all__ = ["EventRow", "ShownStream", "streams"]

FIRST_ROWS, LAST_ROWS, ROWS_AROUND, MOST_AROUND = 15, 5, 2, 10
"""Events of a stream that the table has: its first, its last, and those around what findings are about."""
LONGEST_DATA, LONGEST_READ = 160, 4_096
"""Characters of an event's data that are shown, and that are looked through for secrets before they are cut."""
MOST_LINKS = 20

Numbers = Mapping[tuple[str, str, str, Level], int]


@dataclass(frozen=True, slots=True)
class EventRow:
    """One row of the table: an arrival, or how many are left out there."""

    arrival: Arrival | None
    since_ms: float = 0.0
    data: str = ""
    found: bool = False
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class ShownStream:
    """One stream. `facts` say in words what the picture shows; `findings` are the numbers of what was found in it.

    A recording without arrival times has no timeline, and one without its request no commands.
    """

    title: str
    kind: str
    facts: tuple[str, ...]
    findings: tuple[int, ...]
    timeline: Timeline | None
    rows: tuple[EventRow, ...]
    commands: tuple[str, ...]


def streams(
    kept: Iterable[KeptStream], numbers: Numbers, redactor: Redactor, say: Callable[[str], str]
) -> tuple[ShownStream, ...]:
    """The streams of one operation as they are shown; `numbers` are those of the findings on the page."""
    return tuple(_stream(one, numbers, redactor, say) for one in kept)


def _stream(kept: KeptStream, numbers: Numbers, redactor: Redactor, say: Callable[[str], str]) -> ShownStream:
    arrived = list(arrivals(kept, say))
    exchange = kept.exchange
    picture = timeline(kept, arrived) if exchange.ended > exchange.started else None
    operation = exchange.request.operation
    keys = ((operation, finding.id, finding.place, finding.level) for finding in kept.findings)
    links = sorted({numbers[key] for key in keys if key in numbers})
    violates = kept.verdict is Verdict.VIOLATES or any(finding.level is Level.MUST for finding in kept.findings)
    kind = "violation" if violates else "warning" if kept.findings else "right"
    ends = f"ends with {kept.outcome}" if kept.outcome else "ends with no outcome"
    word = {"violation": "with violations", "warning": "with warnings", "right": "right"}[kind]
    return ShownStream(
        f"Stream {word}, {ends}",
        kind,
        tuple(_facts(kept, picture, arrived)),
        tuple(links[:MOST_LINKS]),
        picture,
        tuple(_rows(kept, arrived, redactor)),
        commands(exchange.request, redactor) if exchange.request.url else (),
    )


def _facts(kept: KeptStream, picture: Timeline | None, arrived: list[Arrival]) -> Iterator[str]:
    events = sum(arrival.index is not None for arrival in arrived)
    took = f" in {picture.total_ms:,.0f} ms; {kept.exchange.ending.value}" if picture else ""
    yield f"{kept.events:,} events, {kept.size:,} bytes{took}."
    if picture is None:
        yield "When they came is not known, so there is no timeline."
    else:
        yield f"Longest silence: {picture.longest_ms:,.0f} ms, from {picture.longest_at_ms:,.0f} ms on."
    if kept.sent_by:
        yield f"The request was sent by the check {kept.sent_by}."
    if not kept.is_whole:
        yield f"Only its beginning was kept: {events:,} of {kept.events:,} events, {kept.exchange.size:,} bytes."
    if picture is not None and picture.shared:
        marks = sum(len(lane.marks) for lane in picture.lanes)
        yield f"{len(arrived):,} arrivals are drawn as {marks:,} marks: where many come together, they share one."


def _rows(kept: KeptStream, arrived: list[Arrival], redactor: Redactor) -> Iterator[EventRow]:
    found = found_at(kept, arrived)
    shown = {*range(min(FIRST_ROWS, len(arrived))), *range(max(0, len(arrived) - LAST_ROWS), len(arrived))}
    about = [place for place, arrival in enumerate(arrived) if arrival.key in found][:MOST_AROUND]
    for place in about:
        shown |= {near for near in range(place - ROWS_AROUND, place + ROWS_AROUND + 1) if 0 <= near < len(arrived)}
    before = -1
    for place in sorted(shown):
        if place > before + 1:
            yield EventRow(None, left_out=place - before - 1)
        arrival = arrived[place]
        since = arrival.at_ms - (arrived[place - 1].at_ms if place else 0.0)
        yield EventRow(arrival, since, _data(arrival.text, redactor), arrival.key in found)
        before = place


def _data(text: str, redactor: Redactor) -> str:
    """The beginning of an event's data, cut after its secrets were hidden."""
    hidden = redactor.text(text[:LONGEST_READ])
    return hidden if len(hidden) <= LONGEST_DATA else f"{hidden[:LONGEST_DATA]}…"
