"""Adds extensions to its chunks and fields behind the last, which may be ignored."""

from literal_server import head
from small_contracts import TICKS, ticker

CHUNKS = [
    head(content_type="text/event-stream", transfer_encoding="chunked")
    + b'%x;name=value;other="a;b"\r\n%s\r\n' % (len(TICKS), TICKS)
    + b"0;last\r\nx-trailer: yes\r\n\r\n"
]
CONTRACT = ticker()
ROUTES = {"GET /ticks": CHUNKS}
