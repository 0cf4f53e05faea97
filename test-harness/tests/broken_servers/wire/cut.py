"""Closes the connection without ending the response: the last chunk is missing."""

from literal_server import stream
from small_contracts import TICKS, ticker

ID = "wire.cut"
CONTRACT = ticker()
ROUTES = {"GET /ticks": stream(TICKS)[:-1]}
