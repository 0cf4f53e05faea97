"""Sends times that clients ignore, and `retry: 0` where it is no field of its own."""

from literal_server import stream
from small_contracts import TICKS, ticker

IGNORED = b": retry: 0\nretry: 0.0\nretry: -0\nretry: +0\nretry:  0\n"
CONTRACT = ticker()
BODY = TICKS.replace(b'{"n": 1}', b'{"n": 1, "s": "retry: 0"}').replace(b"event: tick", IGNORED + b"event: tick")
ROUTES = {"GET /ticks": stream(BODY)}
