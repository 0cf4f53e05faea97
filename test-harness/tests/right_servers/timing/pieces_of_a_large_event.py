"""Sends one large event in blocks of one size, with pauses: there is nothing that waits for them."""

from literal_server import Pause, stream
from small_contracts import TICKS, ticker

BODY = TICKS.replace(b'{"n": 1}', b'{"n": 1, "picture": "' + b"A" * 6000 + b'"}')
PIECES = [step for at in range(0, len(BODY), 1024) for step in (Pause(0.06), BODY[at : at + 1024])]
CONTRACT = ticker()
ROUTES = {"GET /ticks": stream(*PIECES)}
