"""Has nothing to say, which the contract allows."""

from literal_server import stream
from small_contracts import ticker

CONTRACT = ticker({"sequence": "(tick* (done | error))?", "outcome": {}})
ROUTES = {"GET /ticks": stream()}
