"""Sends empty comments as heartbeats, with a blank line behind each."""

from literal_server import stream
from small_contracts import TICKS, ticker

CONTRACT = ticker()
BODY = TICKS.replace(b"event:", b":\n\n:\n\nevent:")
ROUTES = {"GET /ticks": stream(BODY)}
