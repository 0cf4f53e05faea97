"""Holds a lock for each client that has left, and says so by a 500, which the contract has."""

from collections.abc import Iterator

from literal_server import Pause, Received, Step, plain, stream
from small_contracts import TICKS, ticker


class Locks:
    """One, which is never given back by a stream that was left."""

    def __init__(self) -> None:
        self.lost = False

    def watch(self, _: Received) -> Iterator[Step]:
        if self.lost:
            yield from plain(b"", "500 Internal Server Error")
            return
        before, event, end = stream(TICKS[:28])
        self.lost = True
        yield before
        yield event
        for at in range(28, len(TICKS), 28):
            yield Pause(0.03)
            yield stream(TICKS[at : at + 28])[1]
        yield end
        self.lost = False


ID = "life.client-leaves"
CONTRACT = ticker()
CONTRACT["paths"]["/ticks"]["get"]["responses"]["500"] = {"description": "the server has failed"}
OPTIONS = {"select": ("life.client-leaves",)}  # as it never gives the lock back, what comes behind finds more
ROUTES = {"GET /ticks": Locks().watch}
