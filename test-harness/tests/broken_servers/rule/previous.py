"""Goes back behind its last event."""

from literal_server import stream
from small_contracts import TICKS, ticker

ID = "rule.goes-up"
CONTRACT = ticker({"rules": [{"id": "goes-up", "at": "tick", "assert": "data.n > previous.data.n"}]})
ROUTES = {"GET /ticks": stream(TICKS.replace(b'"n": 1', b'"n": -1'))}
