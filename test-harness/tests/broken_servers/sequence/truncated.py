"""Ends the stream where it has to go on."""

from literal_server import stream
from small_contracts import ticker

ID = "sequence.truncated"
CONTRACT = ticker()
ROUTES = {"GET /ticks": stream(b'event: tick\ndata: {"n": 0}\n\n')}
