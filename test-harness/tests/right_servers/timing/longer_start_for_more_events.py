"""Takes the longer to begin the more events it has, and then sends each as it happens."""

from literal_server import Pause, Step, stream
from small_contracts import counted, counted_by

SIZES = (2, 8, 16)


def paced(events: list[bytes]) -> list[Step]:
    return stream(Pause(0.02 * len(events)), *[step for event in events for step in (Pause(0.01), event)])


CONTRACT = counted(*SIZES)
ROUTES = {"GET /ticks": counted_by(paced, *SIZES)}
OPTIONS = {"max_examples": 6}
