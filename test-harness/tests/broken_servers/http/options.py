"""Runs the stream, whatever the method."""

from literal_server import stream
from small_contracts import TICKS, ticker

ID = "http.options"
CONTRACT = ticker()
ROUTES = {"GET /ticks": stream(TICKS), "OPTIONS /ticks": stream(TICKS)}
