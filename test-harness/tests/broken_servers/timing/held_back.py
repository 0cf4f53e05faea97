"""Makes an event every 40 ms, and sends all of them when the last is there. A warning."""

from literal_server import Pause, stream
from small_contracts import counted, counted_by

SIZES = (2, 8, 16)
ID = "timing.held-back"
CONTRACT = counted(*SIZES)
ROUTES = {"GET /ticks": counted_by(lambda events: stream(Pause(0.04 * len(events)), b"".join(events)), *SIZES)}
OPTIONS = {"max_examples": 6}
ALONE = True
