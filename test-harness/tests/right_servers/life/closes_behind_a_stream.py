"""Closes the connection behind a stream without having said so in its head."""

from literal_server import stream
from small_contracts import TICKS, ticker

CONTRACT = ticker()
ROUTES = {"GET /ticks": stream(TICKS, keep=True)[:-1]}
