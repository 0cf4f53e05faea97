"""Sends an event of a megabyte on one line."""

from literal_server import stream
from small_contracts import TICKS, ticker

CONTRACT = ticker()
BODY = TICKS.replace(b'{"n": 1}', b'{"n": 1, "picture": "' + b"A" * 1_000_000 + b'"}')
ROUTES = {"GET /ticks": stream(BODY)}
