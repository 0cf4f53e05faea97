"""Sends events that the contract does not have, which clients ignore."""

from literal_server import stream
from small_contracts import TICKS, ticker

CONTRACT = ticker()
BODY = b'event: other\ndata: 1\n\ndata: unnamed\n\nevent: done.\ndata: {"ticks": 9}\n\n' + TICKS
ROUTES = {"GET /ticks": stream(BODY)}
