"""Names an event twice; the last name counts."""

from literal_server import stream
from small_contracts import TICKS, ticker

CONTRACT = ticker()
BODY = TICKS.replace(b"event: tick", b"event: done\nevent: tick")
ROUTES = {"GET /ticks": stream(BODY)}
