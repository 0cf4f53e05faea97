"""Is silent in the middle for longer than it may."""

from literal_server import Pause, stream
from small_contracts import TICKS, ticker

ID = "timing.silence"
CONTRACT = ticker({"timing": {"silenceMs": 20}})
ROUTES = {"GET /ticks": stream(TICKS[:28], Pause(0.2), TICKS[28:])}
