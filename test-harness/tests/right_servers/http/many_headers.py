"""Sends two hundred headers, one of them long, and two cookies."""

from small_contracts import TICKS, ticker

MANY = b"".join(b"x-header-%d: %d\r\n" % (n, n) for n in range(200)) + b"x-long: " + b"y" * 8000 + b"\r\n"
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n" + MANY + b"set-cookie: a=1\r\nset-cookie: b=2\r\n\r\n"
CONTRACT = ticker()
ROUTES = {"GET /ticks": [HEAD + TICKS]}
