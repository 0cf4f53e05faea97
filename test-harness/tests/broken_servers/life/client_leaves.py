"""Keeps what a client has left unread in a buffer, and gives it to the next."""

from collections.abc import Iterator

from literal_server import Pause, Received, Step, stream
from small_contracts import TICKS, ticker


class Buffer:
    """One for all clients."""

    def __init__(self) -> None:
        self.unread: list[bytes] = []

    def watch(self, _: Received) -> Iterator[Step]:
        events = [*self.unread, TICKS[:28], TICKS[28:56], TICKS[56:]]
        self.unread = []
        try:
            before, *_, end = stream()
            yield before
            while events:
                yield stream(events[0])[1]
                del events[0]
                yield Pause(0.03)
            yield end
        finally:
            self.unread += events


ID = "life.client-leaves"
CONTRACT = ticker()
ROUTES = {"GET /ticks": Buffer().watch}
