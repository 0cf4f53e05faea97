"""Ends the response and keeps the connection, in HTTP/1.1's own way."""

from literal_server import Hang, chunk
from small_contracts import TICKS, ticker

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
CONTRACT = ticker()
ROUTES = {"GET /ticks": [HEAD, chunk(TICKS), chunk(b""), Hang()]}
