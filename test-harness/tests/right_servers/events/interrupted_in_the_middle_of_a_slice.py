"""Breaks off with the event that may interrupt it, while a key is not complete, and succeeds the next time."""

import itertools
from typing import Any

from literal_server import Received, stream
from small_contracts import ticker

PAIRS = {"id": "pairs", "by": "data.n", "events": ["tick"], "sequence": "tick tick", "completeBefore": ["done"]}
TICK = b'event: tick\ndata: {"n": 1}\n\n'
WHOLE = TICK * 2 + b'event: done\ndata: {"ticks": 2}\n\n'
BROKEN_OFF = TICK + b'event: error\ndata: {"message": "the source is gone"}\n\n'
BODIES = itertools.cycle([WHOLE, BROKEN_OFF])


def answer(_: Received) -> Any:
    return stream(next(BODIES))


CONTRACT = ticker({"sequence": "tick* done", "interruptedBy": ["error"], "slices": [PAIRS]})
ROUTES = {"GET /ticks": answer}
