"""Large JSON, read and let go in turns: one call for 24 MiB would hold up every other stream for half a second.

What is long in such a body is an array of objects or arrays: the body itself, or a member of it. Its items are found by
their brackets, a stretch of text at a time, and decoded some at a time; what is left of the body, with the number of a
piece in place of its items, is decoded as usual. So every part of the text is still read by the one decoder, and what
is no JSON to it is none here.
"""

import re
import time
from collections.abc import Iterator
from typing import Any

import msgspec
from anyio.lowlevel import cancel_shielded_checkpoint, checkpoint

__all__ = ["LARGE", "decode", "decode_in_turns", "drop_in_turns"]

LARGE = 1024 * 1024
"""Bytes of JSON that are decoded in one go: 20 ms of numbers at most."""
TURN = 0.01
"""Seconds after which others get their turn."""
WINDOW = 256 * 1024
"""Bytes that are searched for brackets in one go."""
PIECE = 64 * 1024
"""Bytes of items that are decoded in one go, or one item, if that is larger."""
DEEPEST = 1000
"""Levels; the decoder's own limit, which it then tells, is about the same."""
STEPS = 500
"""Brackets or items between two looks at the clock."""

decode = msgspec.json.Decoder().decode

_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_BETWEEN = re.compile(rb'[^"\[\]{}]*+(?:' + _STRING + rb'[^"\[\]{}]*+)*+', re.DOTALL)
"""What stands between two brackets: whole strings, and anything that is no string and no bracket."""
_PLACE = re.compile(r" \(byte \d+\)$")
_WHOLE_STRING = re.compile(_STRING, re.DOTALL)


async def decode_in_turns(data: bytes) -> Any:
    """The value of a JSON text. Raises what msgspec's decoder raises."""
    if len(data) <= LARGE:
        return decode(data)
    turn = _Turn()
    stretches = await _stretches(data, turn)
    if not stretches:
        return decode(data)
    try:
        rest = decode(_without(data, stretches))
        made = []
        for start, stop in stretches:
            await turn.over()
            made.append(decode(b"[" + data[start:stop] + b"]"))
    except msgspec.DecodeError as error:  # the place that it names is one in the piece
        raise msgspec.DecodeError(_PLACE.sub("", str(error))) from None
    for array in [rest] if isinstance(rest, list) else [value for value in rest.values() if isinstance(value, list)]:
        array[:] = [item for held in array for item in (made[held[0]] if isinstance(held, list) else (held,))]
    return rest


async def drop_in_turns(held: list[Any]) -> None:
    """Let go of a value, the only one in a list: to free millions of numbers takes long, too."""
    value = held.pop()
    arrays = list(value.values()) if isinstance(value, dict) else [value]
    del value
    items = [item for array in arrays if isinstance(array, list) for item in array]
    arrays.clear()
    turn = _Turn()
    while items:
        del items[-STEPS:]
        await turn.over(shield=True)


class _Turn:
    """Our turn on the event loop."""

    def __init__(self) -> None:
        self.began = time.monotonic()

    async def over(self, *, shield: bool = False) -> None:
        """Let others have theirs, when ours has been long."""
        if time.monotonic() - self.began > TURN:
            await (cancel_shielded_checkpoint() if shield else checkpoint())
            self.began = time.monotonic()


class _Cutter:
    """Cuts the wanted array's items into stretches, each about a piece long, by the brackets that it is shown."""

    def __init__(self) -> None:
        self.stretches: list[tuple[int, int]] = []
        self.depth = 0
        self._array = 0  # the level of the array that we are in, whose items are wanted
        self._begin = self._end = -1  # the stretch so far

    def opened(self, at: int, *, array: bool) -> None:
        """A bracket opens here."""
        self.depth += 1
        if self._array:
            if self.depth == self._array + 1 and self._begin < 0:
                self._begin = at
        elif array and self.depth <= 2:
            self._array = self.depth

    def closed(self, at: int) -> None:
        """A bracket closes here."""
        self.depth -= 1
        if self.depth > self._array:
            return
        over = self.depth < self._array
        if not over:
            self._end = at + 1
        if self._begin >= 0 and (over or self._end - self._begin >= PIECE):
            self.stretches.append((self._begin, self._end))
            self._begin = -1
        if over:
            self._array = 0


async def _stretches(data: bytes, turn: _Turn) -> list[tuple[int, int]]:
    """The stretches of items; none in what is no JSON."""
    cutter = _Cutter()
    for count, at in enumerate(_brackets(data), 1):
        if at < 0 or count % STEPS == 0:
            await turn.over()
        if at < 0:
            continue
        if data[at] in b"[{":
            cutter.opened(at, array=data[at] in b"[")
        else:
            cutter.closed(at)
        if not 0 <= cutter.depth <= DEEPEST:
            return []
    return [] if cutter.depth else cutter.stretches


def _brackets(data: bytes) -> Iterator[int]:
    """Where brackets stand outside of strings; −1 when a window has been searched."""
    at, window = 0, WINDOW
    while at < len(data):
        match = _BETWEEN.match(data, at, window)
        at = match.end() if match else at
        if at >= min(window, len(data)):
            window = at + WINDOW
            yield -1
        elif data[at] == 0x22:  # the string goes on beyond the window
            whole = _WHOLE_STRING.match(data, at)
            if whole is None:
                return
            at, window = whole.end(), whole.end() + WINDOW
            yield -1
        else:
            yield at
            at += 1


def _without(data: bytes, stretches: list[tuple[int, int]]) -> bytes:
    """The text with `[n]` in place of the stretch number n."""
    parts, done = [], 0
    for number, (start, stop) in enumerate(stretches):
        parts += [data[done:start], b"[%d]" % number]
        done = stop
    return b"".join([*parts, data[done:]])
