"""How the bytes of one stream arrived, in short: what tells a fast server from one that holds events back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from streamcontract_harness.exchange import Ending, Exchange, SentRequest

__all__ = ["Arrival", "Blocks", "arrival_of"]

GAP = 0.025
"""Seconds: bytes that come closer together than this came in one burst."""
LEAST_PAUSE = 0.05
SMALLEST, LARGEST = 512, 16_384
"""Bytes of a block. Below, somebody writes a few bytes at a time; above, it may be us who read too slowly."""
LEAST_BLOCKS = 3
MOST_PIECES = 20_000
"""A stream of more pieces than this is not looked at."""
BLANK_LINES = (b"\n\n", b"\r\r", b"\r\n\r\n", b"\n\r\n")
BLANK_LINE = re.compile(rb"(?:\r\n|\n|\r)(?:\r\n|\n|\r)")
BEGINNING = 2
"""Blocks that a stream may have sent at once, while the rest was held back: a comment and an event."""


@dataclass(frozen=True, slots=True)
class Blocks:
    """A stream that came in blocks of one size, whose ends cut events in two; `pause` in seconds lies between them."""

    size: int
    count: int
    pause: float


@dataclass(frozen=True, slots=True)
class Arrival:
    """How one whole stream arrived: seconds to its first byte, and from there to its last.

    Where all came at once but for a beginning (a comment, the first event), `first` and `spread` are those of the rest,
    and `begun` is the seconds to that beginning.
    """

    request: SentRequest
    events: int
    first: float
    spread: float
    blocks: Blocks | None = None
    begun: float | None = None

    @property
    def is_burst(self) -> bool:
        """Whether all of it came at once, as far as a clock on the other side of a network can tell."""
        return self.spread <= max(0.01, 0.02 * self.first)


def arrival_of(exchange: Exchange, events: int) -> Arrival | None:
    """How a stream of so many events arrived; None for one that is not whole, or too large to look at."""
    if exchange.ending not in (Ending.SERVER, Ending.ENOUGH) or not 0 < len(exchange.chunks) <= MOST_PIECES:
        return None
    marks = list(exchange.chunks.marks())
    first, last = marks[0][0], marks[-1][0]
    request = replace(exchange.request, linked=None)
    whole = Arrival(request, events, first - exchange.started, last - first, _blocks(exchange, events, marks))
    return whole if whole.is_burst else _but_for_a_beginning(exchange, marks, whole)


def _but_for_a_beginning(exchange: Exchange, marks: list[tuple[float, int]], whole: Arrival) -> Arrival:
    """The same stream by the burst behind its longest pause, where next to nothing came before that."""
    number, (at, _) = max(enumerate(marks[1:]), key=lambda found: found[1][0] - marks[found[0]][0])
    before = bytes(exchange.chunks.data[: marks[number][1]])
    rest = replace(whole, first=at - exchange.started, spread=marks[-1][0] - at, begun=whole.first)
    is_beginning = len(BLANK_LINE.findall(before)) <= BEGINNING and whole.events > BEGINNING + 1
    return rest if is_beginning and rest.is_burst else whole


def _blocks(exchange: Exchange, events: int, marks: list[tuple[float, int]]) -> Blocks | None:
    """Fixed blocks are nothing that a stream has by itself: something between its maker and us fills a buffer."""
    ends = [end for _, _, end in _bursts(marks)]
    pauses = [begin - last for (_, last, _), (begin, _, _) in pairwise(_bursts(marks))]
    sizes = [end - begin for begin, end in pairwise([0, *ends])]
    whole = sizes[1:-1]
    if len(whole) < LEAST_BLOCKS or len(set(whole)) > 1 or max(sizes) > whole[0] or events < 2 * len(sizes):
        return None
    cut = sum(not bytes(exchange.chunks.data[max(0, end - 4) : end]).endswith(BLANK_LINES) for end in ends[:-1])
    length = max(last - begin for begin, last, _ in _bursts(marks))
    pause = median(pauses)
    if not SMALLEST <= whole[0] <= LARGEST or cut < 2 or pause < max(LEAST_PAUSE, 4 * length):
        return None
    return Blocks(whole[0], len(sizes), pause)


def _bursts(marks: list[tuple[float, int]]) -> Iterator[tuple[float, float, int]]:
    """When each burst began and ended, and the number of bytes up to its end."""
    begin = last = marks[0][0]
    end = 0
    for at, until in marks:
        if at - last >= GAP:
            yield begin, last, end
            begin = at
        last, end = at, until
    yield begin, last, end
