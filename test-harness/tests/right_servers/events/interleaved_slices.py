"""Mixes the events of two keys, each of which is in order."""

from literal_server import stream
from small_contracts import ticker

PAIRS = {"id": "pairs", "by": "data.n", "events": ["tick"], "sequence": "tick tick", "completeBefore": ["done"]}
NUMBERS = [f'event: tick\ndata: {{"n": {n}}}\n\n'.encode() for n in (1, 2, 2, 1)]
CONTRACT = ticker({"slices": [PAIRS]})
ROUTES = {"GET /ticks": stream(*NUMBERS, b'event: done\ndata: {"ticks": 4}\n\n')}
