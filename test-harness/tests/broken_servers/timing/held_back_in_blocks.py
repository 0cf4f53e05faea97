"""Fills a buffer of 1024 bytes and sends that, though an event is made every few milliseconds. A warning."""

from literal_server import Pause, stream
from small_contracts import ticker

TICK = b'event: tick\ndata: {"n": 1}\n\n'
BODY = TICK * 160 + b'event: done\ndata: {"ticks": 160}\n\n'
BLOCKS = [step for at in range(0, len(BODY), 1024) for step in (Pause(0.08), BODY[at : at + 1024])]

ID = "timing.held-back"
CONTRACT = ticker()
ROUTES = {"GET /ticks": stream(*BLOCKS)}
ALONE = True
