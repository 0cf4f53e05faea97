"""Throws events away when its reader does not take them at once."""

from large_streams import large, reckless
from literal_server import stream
from small_contracts import ticker

ID = "life.slow-reader"
CONTRACT = ticker()
ROUTES = {"GET /ticks": stream(large(reckless))}
