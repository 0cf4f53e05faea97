"""Announces its reconnection time before the first event, in a block of its own."""

from literal_server import stream
from small_contracts import TICKS, ticker

CONTRACT = ticker({"retry": 3000})
ROUTES = {"GET /ticks": stream(b": hello\n\nretry: 03000\n\n", TICKS)}
