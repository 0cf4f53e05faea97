"""Knows the length of its stream before it begins: all of it was made by then. A warning."""

from literal_server import head
from small_contracts import TICKS, ticker

ID = "http.content-length"
CONTRACT = ticker()
ROUTES = {"GET /ticks": [head(content_type="text/event-stream", content_length=str(len(TICKS))) + TICKS]}
