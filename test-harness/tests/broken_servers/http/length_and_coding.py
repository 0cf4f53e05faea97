"""Says a length, and sends chunks: two readers in a row may each find another end."""

from literal_server import stream
from small_contracts import TICKS, ticker

ID = "http.length-and-coding"
CONTRACT = ticker()
ROUTES = {"GET /ticks": stream(TICKS, content_length="5")}
