"""Sends a thousand events as fast as it can."""

from literal_server import stream
from small_contracts import ticker

CONTRACT = ticker()
BODY = b'event: tick\ndata: {"n": 1}\n\n' * 1000 + b'event: done\ndata: {"ticks": 1000}\n\n'
ROUTES = {"GET /ticks": stream(BODY)}
