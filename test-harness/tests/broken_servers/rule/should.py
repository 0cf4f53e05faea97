"""Does what it should not: a warning."""

from literal_server import stream
from small_contracts import TICKS, ticker

THREE = {"id": "three-rather", "at": "done", "assert": "data.ticks >= 3", "level": "should"}
ID = "rule.three-rather"
LEVEL = "should"
CONTRACT = ticker({"rules": [THREE]})
ROUTES = {"GET /ticks": stream(TICKS)}
