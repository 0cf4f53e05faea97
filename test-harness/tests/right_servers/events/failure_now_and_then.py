"""Fails every other time, in the way that the contract has for it."""

import itertools
from typing import Any

from literal_server import Received, stream
from small_contracts import TICKS, ticker

FAILED = b'event: tick\ndata: {"n": 0}\n\nevent: error\ndata: {"message": "the source is gone"}\n\n'
BODIES = itertools.cycle([TICKS, FAILED])


def answer(_: Received) -> Any:
    return stream(next(BODIES))


CONTRACT = ticker()
ROUTES = {"GET /ticks": answer}
