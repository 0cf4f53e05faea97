"""Answers a plain operation with a body against its schema."""

from literal_server import plain, stream
from small_contracts import TICKS, with_plain_operation

ID = "api.response_schema_conformance"
CONTRACT = with_plain_operation()
ROUTES = {"GET /ticks": stream(TICKS), "GET /number": plain(b'{"n": "one"}')}
