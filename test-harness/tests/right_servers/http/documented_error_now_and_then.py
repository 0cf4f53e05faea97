"""Fails now and then by a status of the contract: what it passes on has gone."""

import itertools

from literal_server import Received, Step, plain, stream
from small_contracts import TICKS, ticker

NUMBERS = itertools.count()


def watch(_: Received) -> list[Step]:
    return plain(b"", "502 Bad Gateway") if next(NUMBERS) % 5 == 4 else stream(TICKS)


CONTRACT = ticker()
CONTRACT["paths"]["/ticks"]["get"]["responses"]["502"] = {"description": "the source is gone"}
ROUTES = {"GET /ticks": watch}
