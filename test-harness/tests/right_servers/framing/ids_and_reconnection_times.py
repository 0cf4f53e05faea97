"""Gives every event an id and a reconnection time."""

from literal_server import stream
from small_contracts import TICKS, ticker

CONTRACT = ticker()
BODY = TICKS.replace(b"event: tick", b"id: 7\nretry: 10\nevent: tick")
ROUTES = {"GET /ticks": stream(BODY)}
