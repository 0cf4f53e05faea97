"""Makes all of its stream before it sends the first byte, and knows its length by then. A warning."""

from literal_server import Pause, head
from small_contracts import TICKS, ticker

ID = "http.content-length"
CONTRACT = ticker()
ROUTES = {"GET /ticks": [Pause(0.6), head(content_type="text/event-stream", content_length=str(len(TICKS))) + TICKS]}
OPTIONS = {"max_examples": 1, "ignore": ("api", "life", "http.accept", "http.head", "http.options")}
