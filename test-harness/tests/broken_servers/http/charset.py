"""Says that the stream is Latin-1, though every client reads it as UTF-8."""

from literal_server import stream
from small_contracts import TICKS, ticker

ID = "http.charset"
CONTRACT = ticker()
ROUTES = {"GET /ticks": stream(TICKS, content_type='text/event-stream; Charset="latin1"')}
