"""Sends two interim answers before the real one."""

from literal_server import stream
from small_contracts import TICKS, ticker

INTERIM = b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n"
CONTRACT = ticker()
ROUTES = {"GET /ticks": [INTERIM, *stream(TICKS)]}
