"""Ends its lines with carriage returns alone, which the standard allows."""

from literal_server import stream
from small_contracts import TICKS, ticker

CONTRACT = ticker()
BODY = TICKS.replace(b"\n", b"\r")
ROUTES = {"GET /ticks": stream(BODY)}
