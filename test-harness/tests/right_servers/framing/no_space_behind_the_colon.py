"""Leaves out the blank behind the colon, which is no part of the value."""

from literal_server import stream
from small_contracts import TICKS, ticker

CONTRACT = ticker()
BODY = TICKS.replace(b": tick", b":tick").replace(b"data: ", b"data:")
ROUTES = {"GET /ticks": stream(BODY)}
