"""Splits the JSON of one event over three lines, which line feeds join."""

from literal_server import stream
from small_contracts import TICKS, ticker

CONTRACT = ticker()
BODY = TICKS.replace(b'{"n": 0}', b'{"n":\ndata: 0\ndata:}')
ROUTES = {"GET /ticks": stream(BODY)}
