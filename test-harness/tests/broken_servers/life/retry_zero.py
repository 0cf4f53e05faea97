"""Tells clients to come back without waiting. A warning."""

from literal_server import stream
from small_contracts import TICKS, ticker

ID = "life.retry-zero"
CONTRACT = ticker()
ROUTES = {"GET /ticks": stream(b"retry: 0\n\n" + TICKS)}
