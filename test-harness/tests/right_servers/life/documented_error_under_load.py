"""Has three workers, and says by a status of the contract that none was free in time."""

from collections.abc import Iterator

from literal_server import Pause, Received, Step, plain, stream
from small_contracts import TICKS, ticker


class Workers:
    """Counts those that are busy."""

    def __init__(self) -> None:
        self.busy = 0

    def watch(self, _: Received) -> Iterator[Step]:
        if self.busy >= 3:
            yield from plain(b"", "504 Gateway Timeout")
            return
        self.busy += 1
        try:
            yield from stream(TICKS[:28], Pause(0.05), TICKS[28:])
        finally:
            self.busy -= 1


CONTRACT = ticker()
CONTRACT["paths"]["/ticks"]["get"]["responses"]["504"] = {"description": "no worker in time"}
ROUTES = {"GET /ticks": Workers().watch}
