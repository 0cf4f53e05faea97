"""Sends a string where the payload's schema has a number."""

from literal_server import stream
from small_contracts import TICKS, ticker

ID = "schema.payload"
CONTRACT = ticker()
ROUTES = {"GET /ticks": stream(TICKS.replace(b'"n": 1', b'"n": "1"'))}
