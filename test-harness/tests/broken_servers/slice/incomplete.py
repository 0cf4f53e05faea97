"""Is done while a slice still has to go on."""

from literal_server import stream
from small_contracts import TICKS, ticker

PAIRS = {"id": "pairs", "by": "data.n", "events": ["tick"], "sequence": "tick tick", "completeBefore": ["done"]}
ID = "slice.pairs"
CONTRACT = ticker({"slices": [PAIRS]})
ROUTES = {"GET /ticks": stream(TICKS)}
