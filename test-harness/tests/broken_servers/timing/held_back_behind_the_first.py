"""Makes an event every 40 ms, and sends the first at once and all others when the last is there. A warning."""

from literal_server import Pause, stream
from small_contracts import counted, counted_by

SIZES = (3, 8, 16)
ID = "timing.held-back"
CONTRACT = counted(*SIZES)
ROUTES = {
    "GET /ticks": counted_by(
        lambda events: stream(b": welcome\n\n", events[0], Pause(0.04 * len(events)), b"".join(events[1:])), *SIZES
    )
}
OPTIONS = {"max_examples": 6, "ignore": ("api", "http", "life")}
