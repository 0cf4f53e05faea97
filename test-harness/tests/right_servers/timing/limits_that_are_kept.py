"""Has a limit for everything, and keeps all of them, with comments in between."""

from literal_server import Pause, stream
from small_contracts import TICKS, ticker

CONTRACT = ticker({"timing": {"firstEventMs": 20_000, "silenceMs": 20_000, "totalMs": 20_000}})
ROUTES = {"GET /ticks": stream(Pause(0.02), b":\n\n", Pause(0.02), TICKS)}
