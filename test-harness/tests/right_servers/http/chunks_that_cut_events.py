"""Cuts its chunks wherever it likes: inside names, inside characters, between CR and LF."""

from literal_server import stream
from small_contracts import TICKS, ticker

BODY = TICKS.replace(b'{"n": 1}', b'{"n": 1, "s": "\xf0\x9f\x98\x80"}').replace(b"\n", b"\r\n")
PARTS = [BODY[at : at + 7] for at in range(0, len(BODY), 7)]
CONTRACT = ticker()
ROUTES = {"GET /ticks": stream(*PARTS)}
