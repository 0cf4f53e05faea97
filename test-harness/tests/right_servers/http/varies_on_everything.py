"""May be stored, and fits no other request: `Vary: *`."""

from literal_server import stream
from small_contracts import TICKS, ticker

CONTRACT = ticker()
ROUTES = {"GET /ticks": stream(TICKS, cache_control="max-age=60", vary="Origin, *")}
