"""Ends well, with less than it had to send."""

from literal_server import stream
from small_contracts import TICKS, ticker

THREE = {"id": "three-at-least", "at": "end", "collect": {"ticks": {"count": "tick"}}, "assert": "ticks >= 3"}
ID = "rule.three-at-least"
CONTRACT = ticker({"rules": [THREE]})
ROUTES = {"GET /ticks": stream(TICKS)}
