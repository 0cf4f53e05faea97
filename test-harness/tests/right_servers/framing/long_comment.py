"""Begins with a comment of 100 kB, as some do to fill the buffers of proxies."""

from literal_server import stream
from small_contracts import TICKS, ticker

CONTRACT = ticker()
BODY = b":" + b"x" * 100_000 + b"\n" + TICKS
ROUTES = {"GET /ticks": stream(BODY)}
