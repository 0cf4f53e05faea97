"""Repeats at the end something else than what it has sent."""

from literal_server import stream
from small_contracts import ticker

REPEATS = {
    "id": "done-repeats",
    "collect": {"sent": {"join": "string(data.n)", "from": "tick"}},
    "at": "done",
    "assert": "string(data.ticks) == sent",
}
ID = "rule.done-repeats"
CONTRACT = ticker({"rules": [REPEATS]})
ROUTES = {"GET /ticks": stream(b'event: tick\ndata: {"n": 7}\n\nevent: done\ndata: {"ticks": 8}\n\n')}
