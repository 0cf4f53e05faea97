"""Has places for eight streams; whoever comes beyond that gets the beginning of one."""

from collections.abc import Iterator

from literal_server import Pause, Received, Step, stream
from small_contracts import TICKS, ticker


class Places:
    """Counts the streams that are open."""

    def __init__(self) -> None:
        self.open = 0

    def watch(self, _: Received) -> Iterator[Step]:
        self.open += 1
        try:
            yield from stream(TICKS[:28], Pause(0.2), TICKS[28:] if self.open <= 8 else TICKS[28:56])
        finally:
            self.open -= 1


ID = "life.many-at-once"
CONTRACT = ticker()
ROUTES = {"GET /ticks": Places().watch}
