"""Closes the connection of one operation without an answer."""

from literal_server import stream
from small_contracts import TICKS, with_plain_operation

ID = "http.no-answer"
CONTRACT = with_plain_operation()
ROUTES = {"GET /ticks": stream(TICKS), "GET /number": []}
