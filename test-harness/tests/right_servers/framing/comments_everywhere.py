"""Writes comments before, inside and behind its events."""

from literal_server import stream
from small_contracts import TICKS, ticker

CONTRACT = ticker()
BODY = b": hello\n" + TICKS.replace(b"\ndata", b"\n:between\ndata") + b":bye\n\n"
ROUTES = {"GET /ticks": stream(BODY)}
