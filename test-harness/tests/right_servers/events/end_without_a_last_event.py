"""Ends without the event that may end it."""

from literal_server import stream
from small_contracts import TICKS, ticker

CONTRACT = ticker({"sequence": "tick* (done | error)?", "outcome": {}})
ROUTES = {"GET /ticks": stream(TICKS[:28])}
