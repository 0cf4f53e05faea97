"""Has one place, and resets the connection of whoever comes meanwhile, before an answer (RFC 9110, 15.6.4)."""

from collections.abc import Iterator

from literal_server import Pause, Received, Reset, Step, stream
from small_contracts import TICKS, ticker


class Places:
    """Counts the streams that are open."""

    def __init__(self) -> None:
        self.open = 0

    def watch(self, _: Received) -> Iterator[Step]:
        if self.open >= 1:
            yield Reset()
            return
        self.open += 1
        try:
            yield from stream(TICKS[:28], Pause(0.05), TICKS[28:])
        finally:
            self.open -= 1


CONTRACT = ticker()
ROUTES = {"GET /ticks": Places().watch}
