"""Has other ids in each stream, as each is another one: there is nothing to come back to."""

import itertools

from literal_server import Received, Step, stream
from numbered import EVENTS, numbered

STREAMS = itertools.count()


def watch(_: Received) -> list[Step]:
    name = b"id: %d-" % next(STREAMS)
    return stream(*(event.replace(b"id: ", name) for event in EVENTS))


CONTRACT = numbered(declared=False)
ROUTES = {"GET /ticks": watch}
