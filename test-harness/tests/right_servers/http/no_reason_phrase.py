"""Leaves out the reason behind the status, and the blank before it is all that is left."""

from small_contracts import TICKS, ticker

CONTRACT = ticker()
ROUTES = {"GET /ticks": [b"HTTP/1.1 200 \r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n" + TICKS]}
