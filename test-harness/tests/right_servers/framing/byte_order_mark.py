"""Begins with a byte order mark, which clients pass over once."""

from literal_server import stream
from small_contracts import TICKS, ticker

CONTRACT = ticker()
BODY = b"\xef\xbb\xbf" + TICKS
ROUTES = {"GET /ticks": stream(BODY)}
