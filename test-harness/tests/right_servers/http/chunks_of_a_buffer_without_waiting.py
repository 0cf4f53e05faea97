"""Fills a buffer of 1024 bytes, and is so fast that nobody waits for it."""

from literal_server import stream
from small_contracts import ticker

BODY = b'event: tick\ndata: {"n": 1}\n\n' * 400 + b'event: done\ndata: {"ticks": 400}\n\n'
PARTS = [BODY[at : at + 1024] for at in range(0, len(BODY), 1024)]
CONTRACT = ticker()
ROUTES = {"GET /ticks": stream(*PARTS)}
