"""Refuses what the contract refuses before the stream, and tells what goes wrong later as an event."""

import itertools

from literal_server import Received, Step, plain, stream
from small_contracts import TICKS, ticker

FAILED = b'event: error\ndata: {"message": "the clock has stopped"}\n\n'
TIMES = itertools.count()


def watch(request: Received) -> list[Step]:
    name, _, value = request.target.partition("?")[2].partition("=")
    if name != "room" or value not in ("red", "blue"):
        return plain(b"", "400 Bad Request")
    return stream(FAILED if next(TIMES) % 7 == 3 else TICKS)


CONTRACT = ticker(parameters=[{"name": "room", "in": "query", "required": True, "schema": {"enum": ["red", "blue"]}}])
CONTRACT["paths"]["/ticks"]["get"]["responses"]["400"] = {"description": "no such room"}
ROUTES = {"GET /ticks": watch}
