"""Sends an id with a NUL in it and times that are no digits, which clients ignore."""

from literal_server import stream
from small_contracts import TICKS, ticker

CONTRACT = ticker()
BODY = TICKS.replace(b"event: tick", b"id: a\0b\nretry: 1x\nevent: tick")
ROUTES = {"GET /ticks": stream(BODY)}
