"""Keeps its connections, and writes an empty line behind each stream, which clients pass over."""

from literal_server import Keep, stream
from small_contracts import TICKS, ticker

CONTRACT = ticker()
ROUTES = {"GET /ticks": [*stream(TICKS, keep=True)[:-1], b"\r\n", Keep()]}
