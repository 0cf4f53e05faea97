"""Says that nothing is compressed."""

from literal_server import stream
from small_contracts import TICKS, ticker

CONTRACT = ticker()
ROUTES = {"GET /ticks": stream(TICKS, content_encoding="identity")}
