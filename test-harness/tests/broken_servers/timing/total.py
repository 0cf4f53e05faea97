"""Goes on for longer than it may, though it is never silent for long."""

from literal_server import Pause, stream
from small_contracts import TICKS, ticker

ID = "timing.total"
CONTRACT = ticker({"timing": {"totalMs": 50}})
ROUTES = {"GET /ticks": stream(*[Pause(0.05), b":\n"] * 6, TICKS)}
