"""Sends an event that the contract does not have, where it rejects such events."""

from literal_server import stream
from small_contracts import TICKS, ticker

ID = "schema.unknown-event"
CONTRACT = ticker({"unknownEvents": "reject"})
ROUTES = {"GET /ticks": stream(b"event: surprise\ndata: {}\n\n" + TICKS)}
