"""Makes one stream after the other, so that everybody waits for whoever does not read. A warning."""

import threading
from collections.abc import Iterator

from large_streams import large, patient
from literal_server import Received, Step, stream
from small_contracts import ticker

TURN = threading.Lock()


def watch(_: Received) -> Iterator[Step]:
    with TURN:
        yield from stream(large(patient))


ID = "life.slow-reader"
LEVEL = "should"
CONTRACT = ticker()
ROUTES = {"GET /ticks": watch}
OPTIONS = {"max_examples": 1}
