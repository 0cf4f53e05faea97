"""Asks the proxy before it to hold the stream back. A warning."""

from literal_server import stream
from small_contracts import TICKS, ticker

ID = "http.buffering"
CONTRACT = ticker()
ROUTES = {"GET /ticks": stream(TICKS, x_accel_buffering="yes")}
