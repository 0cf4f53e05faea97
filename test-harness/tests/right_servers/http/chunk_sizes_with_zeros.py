"""Writes the sizes of its chunks with leading zeros, in capitals."""

from literal_server import head
from small_contracts import TICKS, ticker

HEAD = head(content_type="text/event-stream", transfer_encoding="chunked")
CONTRACT = ticker()
ROUTES = {"GET /ticks": [HEAD + b"00%X\r\n%s\r\n0000\r\n\r\n" % (len(TICKS), TICKS)]}
