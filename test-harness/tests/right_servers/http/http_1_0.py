"""Speaks HTTP/1.0, which has no chunks."""

from small_contracts import TICKS, ticker

CONTRACT = ticker()
ROUTES = {"GET /ticks": [b"HTTP/1.0 200 OK\r\ncontent-type: text/event-stream\r\n\r\n" + TICKS]}
