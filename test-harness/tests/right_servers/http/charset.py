"""Names the charset that every event stream has."""

from literal_server import stream
from small_contracts import TICKS, ticker

CONTRACT = ticker()
ROUTES = {"GET /ticks": stream(TICKS, content_type="text/event-stream;charset=UTF-8")}
