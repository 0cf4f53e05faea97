"""Writes blank lines before, between and behind its events, where they dispatch nothing."""

from literal_server import stream
from small_contracts import TICKS, ticker

CONTRACT = ticker()
BODY = b"\n\n" + TICKS.replace(b"\n\n", b"\n\n\n\n") + b"\n"
ROUTES = {"GET /ticks": stream(BODY)}
