"""Sends fields without a colon, whose values are empty."""

from literal_server import stream
from small_contracts import TICKS, ticker

CONTRACT = ticker()
BODY = TICKS.replace(b"event:", b"id\nretry\nunknown\nevent:")
ROUTES = {"GET /ticks": stream(BODY)}
