"""Ends in the middle of a comment, with which nothing is lost."""

from literal_server import stream
from small_contracts import TICKS, ticker

CONTRACT = ticker()
BODY = TICKS + b": bye"
ROUTES = {"GET /ticks": stream(BODY)}
