"""Announces no reconnection time."""

from literal_server import stream
from small_contracts import TICKS, ticker

ID = "timing.retry"
CONTRACT = ticker({"retry": 3000})
ROUTES = {"GET /ticks": stream(TICKS)}
