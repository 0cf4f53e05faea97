"""Writes a heartbeat behind the last chunk, on a connection that stays open."""

from literal_server import Keep, stream
from small_contracts import TICKS, ticker

ID = "life.keep-alive"
CONTRACT = ticker()
ROUTES = {"GET /ticks": [*stream(TICKS, keep=True)[:-1], b": still here\n\n", Keep()]}
