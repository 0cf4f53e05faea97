"""Ends without the blank line behind its last event, which clients therefore discard."""

from literal_server import stream
from small_contracts import ticker

ID = "wire.unterminated-event"
CONTRACT = ticker({"sequence": "tick* (done | error)?", "outcome": {}})
ROUTES = {"GET /ticks": stream(b'event: tick\ndata: {"n": 0}\n\nevent: done\n')}
