"""Starts a key a second time, whose slice was over."""

from literal_server import stream
from small_contracts import TICKS, ticker

ID = "slice.each-once"
CONTRACT = ticker({"slices": [{"id": "each-once", "by": "data.n", "events": ["tick"], "sequence": "tick"}]})
ROUTES = {"GET /ticks": stream(TICKS.replace(b'"n": 1', b'"n": 0'))}
