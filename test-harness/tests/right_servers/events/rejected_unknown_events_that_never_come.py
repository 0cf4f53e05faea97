"""Sends what looks like an event that the contract rejects, in a block without data."""

from literal_server import stream
from small_contracts import TICKS, ticker

CONTRACT = ticker({"unknownEvents": "reject"})
ROUTES = {"GET /ticks": stream(b"event: surprise\n\n: event: surprise\n\nevent: surprise\nid: 1\n\n" + TICKS)}
