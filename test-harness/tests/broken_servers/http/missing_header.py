"""Leaves out a header that the contract requires."""

from literal_server import stream
from small_contracts import TICKS, with_header

ID = "http.missing-header"
CONTRACT = with_header()
ROUTES = {"GET /ticks": stream(TICKS)}
