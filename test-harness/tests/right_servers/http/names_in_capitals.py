"""Writes the names of its headers in capitals and puts blanks around their values."""

from small_contracts import TICKS, ticker

HEAD = b"HTTP/1.1 200 OK\r\nCONTENT-TYPE:   text/event-stream  \r\nServer:\r\nConnection: close\r\n\r\n"
CONTRACT = ticker()
ROUTES = {"GET /ticks": [HEAD + TICKS]}
