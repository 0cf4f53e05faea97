"""Answers with a server error, which the contract only admits to."""

from literal_server import plain, stream
from small_contracts import TICKS, with_plain_operation

ID = "api.not_a_server_error"
CONTRACT = with_plain_operation()
ROUTES = {"GET /ticks": stream(TICKS), "GET /number": plain(b"", "500 Internal Server Error")}
