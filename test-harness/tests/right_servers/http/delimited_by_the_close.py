"""Says no length and sends no chunks: the end of the connection ends the stream."""

from literal_server import head
from small_contracts import TICKS, ticker

CONTRACT = ticker()
ROUTES = {"GET /ticks": [head(content_type="text/event-stream") + TICKS]}
