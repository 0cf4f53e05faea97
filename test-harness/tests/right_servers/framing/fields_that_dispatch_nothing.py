"""Sends blocks without data: no event comes of them, and the type is forgotten."""

from literal_server import stream
from small_contracts import TICKS, ticker

CONTRACT = ticker()
BODY = b"event: done\n\nid: 1\n\nretry: 5\n\n" + TICKS
ROUTES = {"GET /ticks": stream(BODY)}
