"""Asks proxies not to hold the stream back, as it should."""

from literal_server import stream
from small_contracts import TICKS, ticker

CONTRACT = ticker()
ROUTES = {"GET /ticks": stream(TICKS, x_accel_buffering="no", cache_control="no-cache, no-transform")}
