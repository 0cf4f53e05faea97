"""Sends a header with a value that its schema does not allow."""

from literal_server import stream
from small_contracts import TICKS, with_header

ID = "http.invalid-header"
CONTRACT = with_header()
ROUTES = {"GET /ticks": stream(TICKS, x_kind="2")}
