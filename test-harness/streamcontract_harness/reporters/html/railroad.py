"""A sequence as a railroad diagram: where everything stands, in pixels; the template draws it.

Each part of the tree becomes a box: its width, how far it goes above and below the track, and how it is drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from streamcontract.contract.grammar import Alternative, Interleave, Node, Repeat, Series, Symbol, symbols

__all__ = ["MOST_STOPS", "Diagram", "Label", "Stop", "Word", "diagram"]

MOST_STOPS = 150
"""Symbols of a diagram; a longer one is no picture any more."""
LONGEST_LABEL = 40
CHARACTER, PADDING, HALF = 7.9, 22, 15
"""The width of a character of the labels, the room beside a label, and half the height of a stop."""
GAP, RADIUS, TURN, ROW = 14, 9, 18, 10
MARGIN = 24
CAPTION = 18


@dataclass(frozen=True, slots=True)
class Label:
    """What a stop says: its name, a class for how it is drawn, and a longer text for who asks."""

    name: str
    kind: str
    title: str


@dataclass(frozen=True, slots=True)
class Stop:
    """One symbol, in a box of its own."""

    x: float
    y: float
    width: float
    label: Label

    @property
    def name(self) -> str:
        name = self.label.name
        return name if len(name) <= LONGEST_LABEL else f"{name[: LONGEST_LABEL - 1]}…"


@dataclass(frozen=True, slots=True)
class Word:
    """A remark beside the track, centred at x."""

    x: float
    y: float
    text: str


@dataclass(slots=True)
class Diagram:
    """A whole diagram. The track is a list of SVG path data; `frames` are (x, y, width, height)."""

    width: float = 0
    height: float = 0
    track: list[str] = field(default_factory=list)
    stops: list[Stop] = field(default_factory=list)
    words: list[Word] = field(default_factory=list)
    frames: list[tuple[float, float, float, float]] = field(default_factory=list)
    ends: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class _Box:
    width: float
    up: float
    down: float
    draw: Callable[[Diagram, float, float], None]


def diagram(tree: Node, labels: Sequence[Label]) -> Diagram | None:
    """The diagram of a tree, `labels` being those of its symbols in the order of the text; None when it is too long."""
    if sum(1 for _ in zip(symbols(tree), range(MOST_STOPS + 1), strict=False)) > MOST_STOPS:
        return None
    box = _box(tree, iter(labels))
    y = box.up + MARGIN / 2
    found = Diagram(box.width + 2 * MARGIN, box.up + box.down + MARGIN)
    found.ends = ((MARGIN / 2, y), (found.width - MARGIN / 2, y))
    _line(found, MARGIN / 2, y, MARGIN)
    box.draw(found, MARGIN, y)
    _line(found, found.width - MARGIN, y, found.width - MARGIN / 2)
    return found


def _box(node: Node, labels: Iterator[Label]) -> _Box:
    match node:
        case Symbol():
            return _stop(next(labels))
        case Series(items=items):
            return _series([_box(item, labels) for item in items])
        case Alternative(options=options):
            return _rows([_box(option, labels) for option in options])
        case Interleave(parts=parts):
            return _framed(_rows([_box(part, labels) for part in parts]), "all of these, in any interleaving")
        case Repeat(item=item, minimum=minimum, maximum=maximum):
            box = _box(item, labels)
            if maximum is None or maximum > 1:
                box = _loop(box, _times(minimum, maximum))
            return _bypass(box) if minimum == 0 else box


def _times(minimum: int, maximum: int | None) -> str:
    if maximum is None:
        return "again" if minimum < 2 else f"{minimum} times or more"
    return f"{minimum} times" if minimum == maximum else f"{max(minimum, 1)} to {maximum} times"


def _line(found: Diagram, x: float, y: float, to: float) -> None:
    if to > x:
        found.track.append(f"M{x:g} {y:g}H{to:g}")


def _stop(label: Label) -> _Box:
    width = min(len(label.name), LONGEST_LABEL) * CHARACTER + PADDING + (CHARACTER * 2 if label.kind else 0)

    def draw(found: Diagram, x: float, y: float) -> None:
        found.stops.append(Stop(x, y, width, label))

    return _Box(width, HALF, HALF, draw)


def _series(boxes: list[_Box]) -> _Box:
    if not boxes:
        return _Box(GAP, 0, 0, lambda found, x, y: _line(found, x, y, x + GAP))

    def draw(found: Diagram, x: float, y: float) -> None:
        for box, following in pairwise([*boxes, None]):
            assert box is not None  # noqa: S101 - only the last of all is
            box.draw(found, x, y)
            if following is not None:
                _line(found, x + box.width, y, x + box.width + GAP)
            x += box.width + GAP

    width = sum(box.width for box in boxes) + GAP * (len(boxes) - 1)
    return _Box(width, max(box.up for box in boxes), max(box.down for box in boxes), draw)


def _rows(boxes: list[_Box]) -> _Box:
    """One below the other, with a switch before and behind."""
    inner = max(box.width for box in boxes)
    offsets = [0.0]
    for above, below in pairwise(boxes):
        offsets.append(offsets[-1] + max(above.down, RADIUS) + ROW + max(below.up, RADIUS))

    def draw(found: Diagram, x: float, y: float) -> None:
        right = x + 2 * TURN + inner
        for box, offset in zip(boxes, offsets, strict=True):
            row = y + offset
            if offset:
                down, up = f"V{row - RADIUS:g}", f"V{y + RADIUS:g}"
                found.track.append(f"M{x:g} {y:g}q{_arc(1, 0, 1, 1)}{down}q{_arc(0, 1, 1, 1)}")
                found.track.append(f"M{right - TURN:g} {row:g}q{_arc(1, 0, 1, -1)}{up}q{_arc(0, -1, 1, -1)}")
            else:
                _line(found, x, y, x + TURN)
                _line(found, right - TURN, y, right)
            box.draw(found, x + TURN, row)
            _line(found, x + TURN + box.width, row, right - TURN)

    return _Box(inner + 2 * TURN, boxes[0].up, offsets[-1] + boxes[-1].down, draw)


def _loop(box: _Box, remark: str) -> _Box:
    """A way back below, with a remark on how often."""
    width = max(box.width, len(remark) * 6.2) + 2 * RADIUS
    depth = max(box.down, RADIUS) + ROW

    def draw(found: Diagram, x: float, y: float) -> None:
        start = x + (width - box.width) / 2
        _line(found, x, y, start)
        box.draw(found, start, y)
        _line(found, start + box.width, y, x + width)
        back, up = f"H{x + RADIUS:g}", f"V{y + RADIUS:g}"
        found.track.append(
            f"M{x + width - RADIUS:g} {y:g}q{_arc(1, 0, 1, 1)}V{y + depth - RADIUS:g}q{_arc(0, 1, -1, 1)}"
            f"{back}q{_arc(-1, 0, -1, -1)}{up}q{_arc(0, -1, 1, -1)}"
        )
        found.words.append(Word(x + width / 2, y + depth + 14, f"↺ {remark}"))

    return _Box(width, box.up, depth + CAPTION, draw)


def _bypass(box: _Box) -> _Box:
    """A way past it, above."""
    height = max(box.up, RADIUS) + ROW

    def draw(found: Diagram, x: float, y: float) -> None:
        right = x + box.width + 2 * TURN
        _line(found, x, y, x + TURN)
        _line(found, right - TURN, y, right)
        box.draw(found, x + TURN, y)
        up, down = f"V{y - height + RADIUS:g}", f"V{y - RADIUS:g}"
        found.track.append(
            f"M{x:g} {y:g}q{_arc(1, 0, 1, -1)}{up}q{_arc(0, -1, 1, -1)}H{right - TURN:g}"
            f"q{_arc(1, 0, 1, 1)}{down}q{_arc(0, 1, 1, 1)}"
        )

    return _Box(box.width + 2 * TURN, height, box.down, draw)


def _framed(box: _Box, remark: str) -> _Box:
    width = max(box.width, len(remark) * 6.2) + 2 * ROW

    def draw(found: Diagram, x: float, y: float) -> None:
        start = x + (width - box.width) / 2
        _line(found, x, y, start)
        _line(found, start + box.width, y, x + width)
        box.draw(found, start, y)
        found.frames.append((x, y - box.up - CAPTION, width, box.up + box.down + CAPTION + ROW))
        found.words.append(Word(x + width / 2, y - box.up - 5, remark))

    return _Box(width, box.up + CAPTION, box.down + ROW, draw)


def _arc(control_x: int, control_y: int, x: int, y: int) -> str:
    return f"{control_x * RADIUS} {control_y * RADIUS} {x * RADIUS} {y * RADIUS}"
