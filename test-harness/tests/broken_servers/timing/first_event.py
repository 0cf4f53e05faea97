"""Takes ten times as long to its first event as it may."""

from literal_server import Pause, stream
from small_contracts import TICKS, ticker

ID = "timing.first-event"
CONTRACT = ticker({"timing": {"firstEventMs": 20}})
ROUTES = {"GET /ticks": stream(Pause(0.2), TICKS)}
