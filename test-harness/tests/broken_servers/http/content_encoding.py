"""Says that the stream is compressed, though nobody asked for that."""

from literal_server import stream
from small_contracts import TICKS, ticker

ID = "http.content-encoding"
CONTRACT = ticker()
ROUTES = {"GET /ticks": stream(TICKS, content_encoding="gzip")}
