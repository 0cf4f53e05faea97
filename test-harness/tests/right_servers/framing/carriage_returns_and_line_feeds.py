"""Ends its lines as HTTP does."""

from literal_server import stream
from small_contracts import TICKS, ticker

CONTRACT = ticker()
BODY = TICKS.replace(b"\n", b"\r\n")
ROUTES = {"GET /ticks": stream(BODY)}
