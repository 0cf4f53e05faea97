"""Puts several blanks behind the colon; all but one belong to the value, and JSON allows them."""

from literal_server import stream
from small_contracts import TICKS, ticker

CONTRACT = ticker()
BODY = TICKS.replace(b"data: ", b"data:    ")
ROUTES = {"GET /ticks": stream(BODY)}
