"""Takes a while for its first event, and sends all others at once: that wait is not theirs."""

from literal_server import Pause, stream
from small_contracts import counted, counted_by

SIZES = (2, 8, 16)
CONTRACT = counted(*SIZES)
ROUTES = {"GET /ticks": counted_by(lambda events: stream(Pause(0.2), b"".join(events)), *SIZES)}
OPTIONS = {"max_examples": 6}
