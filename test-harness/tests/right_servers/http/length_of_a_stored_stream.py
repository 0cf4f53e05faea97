"""Sends a stream of what is over already, from its memory: its length is known, and told (RFC 9110, section 8.6)."""

from literal_server import head
from small_contracts import TICKS, ticker

CONTRACT = ticker()
ROUTES = {"GET /ticks": [head(content_type="text/event-stream", content_length=str(len(TICKS))) + TICKS]}
