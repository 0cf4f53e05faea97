"""Counts wrongly what it has sent."""

from literal_server import stream
from small_contracts import TICKS, ticker

ID = "rule.done-counts"
CONTRACT = ticker()
ROUTES = {"GET /ticks": stream(TICKS.replace(b'"ticks": 2', b'"ticks": 3'))}
