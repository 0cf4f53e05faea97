"""Lets a cache keep the stream for an hour. A warning."""

from literal_server import stream
from small_contracts import TICKS, ticker

ID = "http.cacheable"
CONTRACT = ticker()
ROUTES = {"GET /ticks": stream(TICKS, cache_control="public, max-age=3600")}
