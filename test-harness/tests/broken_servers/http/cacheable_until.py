"""Lets a cache keep the stream until a date. A warning."""

from literal_server import stream
from small_contracts import TICKS, ticker

ID = "http.cacheable"
CONTRACT = ticker()
ROUTES = {
    "GET /ticks": stream(TICKS, date="Tue, 03 Nov 2026 10:00:00 GMT", expires="Tue, 03 Nov 2026 11:00:00 GMT"),
}
