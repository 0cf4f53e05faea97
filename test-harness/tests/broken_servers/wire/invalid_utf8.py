"""Sends a byte that is not UTF-8, here in a comment."""

from literal_server import stream
from small_contracts import TICKS, ticker

ID = "wire.invalid-utf8"
CONTRACT = ticker()
ROUTES = {"GET /ticks": stream(b": \xff\n" + TICKS)}
