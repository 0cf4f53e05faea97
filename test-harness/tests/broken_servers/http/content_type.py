"""Calls the stream text/plain, which no EventSource reads."""

from literal_server import stream
from small_contracts import TICKS, ticker

ID = "http.content-type"
CONTRACT = ticker()
ROUTES = {"GET /ticks": stream(TICKS, content_type="text/plain")}
