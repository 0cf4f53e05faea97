"""Sends one number too often; others in between do not matter."""

from literal_server import stream
from small_contracts import ticker

TWICE = {
    "id": "twice-at-most",
    "at": "tick",
    "by": "data.n",
    "collect": {"before": {"count": "tick"}},
    "assert": "before < 2",
}
NUMBERS = [f'event: tick\ndata: {{"n": {n}}}\n\n'.encode() for n in (5, 6, 5, 6, 5)]
DONE = b'event: done\ndata: {"ticks": 5}\n\n'
ID = "rule.twice-at-most"
CONTRACT = ticker({"rules": [TWICE]})
ROUTES = {"GET /ticks": stream(*NUMBERS, DONE)}
