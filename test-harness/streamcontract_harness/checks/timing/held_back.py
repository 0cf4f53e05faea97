"""Events are held back, and delivered in bursts instead of as they happen.

Requirement: timing.held-back (SHOULD).
Why it matters: a stream is there so that its reader sees each event when it happens. A buffer in between (a proxy that
buffers, a compressor, a write without a flush, a list that is filled first) makes a slow plain answer of it, and its
heartbeats keep nothing alive.
What to do: flush after each event, and switch off the buffering of every proxy (`X-Accel-Buffering: no`). Where all
events are made before the first is sent, send each when it is made. How long a client may wait is the contract's to say
(`firstEventMs`, `silenceMs`); what passes those is a finding of its own.
Right: ten events a second, seen ten times a second; all events at once, as there was nothing to wait for.
Wrong: ten events after a second, twenty after two, and each time all at once, or all but the first one or two; blocks
of exactly 4096 bytes with pauses between them, whose ends cut events in two.
Not wrong: a first event that takes long, however fast the others come behind it, when that does not grow with their
number. A source that itself takes longer for more events, and has none before it has all, looks the same from outside:
what was seen is told, not where it was held back. Where every stream has the same number of events it cannot be told,
and the report says so.
Spec: HTML, section 9.2.7, on layers that know nothing of the timing,
https://html.spec.whatwg.org/multipage/server-sent-events.html#authoring-notes; HTML, section 9.2.5, on buffers,
https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import correlation

from streamcontract import Finding, Level, Unsettled
from streamcontract_harness.arrival import Arrival, Blocks
from streamcontract_harness.results import Reported, Tally

__all__ = ["check"]

LEAST_STREAMS = 5
LEAST_SIZES = 3
LEAST_GROWTH = 0.25
"""Seconds between the shortest and the longest wait: less may be chance."""
LIKE_A_LINE = 0.98
SUSPICIOUS = 0.5
"""Seconds that every stream takes to come at once, from which on it is said that nothing can be told."""


def check(tally: Tally) -> Iterator[Reported | Unsettled]:
    for arrival in tally.arrivals:
        if arrival.blocks is not None:
            yield _in_blocks(tally, arrival, arrival.blocks)
            return
    several = sorted((arrival for arrival in tally.arrivals if arrival.events > 1), key=lambda found: found.events)
    if not several or not all(arrival.is_burst for arrival in several):
        return
    if _grows(several):
        yield _at_once(tally, several)
    elif several[0].events == several[-1].events and min(arrival.first for arrival in several) >= SUSPICIOUS:
        yield Unsettled(
            "timing.held-back",
            f"each of {len(several)} streams came {_how(several)}, after {several[0].first:.1f} s; as all had"
            f" {several[0].events} events, it cannot be told whether they were held back or all made at that moment",
        )


def _grows(arrivals: Sequence[Arrival]) -> bool:
    """Whether the wait is that of the events, and not of what comes before them: no two sizes overlap, on a line."""
    waits: dict[int, list[float]] = {}
    for arrival in arrivals:
        waits.setdefault(arrival.events, []).append(arrival.first)
    if len(arrivals) < LEAST_STREAMS or len(waits) < LEAST_SIZES:
        return False
    if any(max(fewer) >= min(more) for fewer, more in pairwise(waits.values())):
        return False
    if min(waits[arrivals[-1].events]) - max(waits[arrivals[0].events]) < LEAST_GROWTH:
        return False
    return correlation([found.events for found in arrivals], [found.first for found in arrivals]) >= LIKE_A_LINE


def _in_blocks(tally: Tally, arrival: Arrival, blocks: Blocks) -> Reported:
    message = (
        f"{arrival.events} events came in {blocks.count} blocks of {blocks.size:,} bytes, {_ms(blocks.pause)} apart,"
        " which cut events in two: a buffer before their client is sent when it is full; flush after each event"
    )
    return _finding(tally, arrival, message, f"blocks of {blocks.size:,} bytes")


def _at_once(tally: Tally, several: Sequence[Arrival]) -> Reported:
    least, most = several[0], several[-1]
    message = (
        f"each of {len(several)} streams came {_how(several)}, and the later the more events it had:"
        f" {least.events} events after {_ms(least.first)}, {most.events} after {_ms(most.first)}, as if they were held"
        " back until the last is there; send each when it is made, and flush"
    )
    return _finding(tally, most, message, f"{most.events} events at once, after {_ms(most.first)}")


def _how(several: Sequence[Arrival]) -> str:
    return "all at once" if all(arrival.begun is None for arrival in several) else "all at once but for its beginning"


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:,.0f} ms"


def _finding(tally: Tally, arrival: Arrival, message: str, got: str) -> Reported:
    finding = Finding(
        id="timing.held-back",
        level=Level.SHOULD,
        operation=tally.operation,
        message=message,
        expected="each event as it happens",
        got=got,
        location=tally.stream.location if tally.stream else None,
        request=arrival.request.view,
    )
    return Reported(finding, arrival.request)
