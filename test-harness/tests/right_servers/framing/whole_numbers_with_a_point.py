"""Writes whole numbers as 1.0 and 2e0, which JSON Schema takes for integers."""

from literal_server import stream
from small_contracts import TICKS, ticker

CONTRACT = ticker()
BODY = TICKS.replace(b'"n": 1', b'"n": 1.0').replace(b": 2}", b": 2e0}")
ROUTES = {"GET /ticks": stream(BODY)}
