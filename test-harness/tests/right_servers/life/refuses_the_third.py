"""Has two places, and refuses whoever comes beyond that as its contract says."""

from collections.abc import Iterator

from literal_server import Pause, Received, Step, plain, stream
from small_contracts import TICKS, ticker


class Places:
    """Counts the streams that are open."""

    def __init__(self) -> None:
        self.open = 0

    def watch(self, _: Received) -> Iterator[Step]:
        if self.open >= 2:
            yield from plain(b"", "503 Service Unavailable", retry_after="1")
            return
        self.open += 1
        try:
            yield from stream(TICKS[:28], Pause(0.05), TICKS[28:])
        finally:
            self.open -= 1


CONTRACT = ticker()
CONTRACT["paths"]["/ticks"]["get"]["responses"]["503"] = {"description": "busy"}
ROUTES = {"GET /ticks": Places().watch}
