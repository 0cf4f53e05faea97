"""Sends a chunk whose size is no number."""

from literal_server import head
from small_contracts import ticker

ID = "http.malformed"
CONTRACT = ticker()
ROUTES = {"GET /ticks": [head(content_type="text/event-stream", transfer_encoding="chunked"), b"zz\r\n"]}
