"""Goes on after the last event of the contract."""

from literal_server import stream
from small_contracts import TICKS, ticker

ID = "sequence.after-end"
CONTRACT = ticker()
ROUTES = {"GET /ticks": stream(TICKS, b'event: tick\ndata: {"n": 2}\n\n')}
