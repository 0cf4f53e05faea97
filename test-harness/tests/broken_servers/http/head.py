"""Answers HEAD as it answers GET, with all events."""

from literal_server import stream
from small_contracts import TICKS, ticker

ID = "http.head"
CONTRACT = ticker()
ROUTES = {"GET /ticks": stream(TICKS), "HEAD /ticks": stream(TICKS)}
