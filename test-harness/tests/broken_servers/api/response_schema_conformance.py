"""Answers a plain operation with a body against its schema."""

from typing import Any

from literal_server import plain, stream
from small_contracts import TICKS, ticker


def with_plain_operation() -> dict[str, Any]:
    """The ticker, and a plain operation beside it."""
    tree = ticker()
    schema = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}
    answers = {
        "200": {"description": "a number", "content": {"application/json": {"schema": schema}}},
        "500": {"description": "out of order"},
    }
    tree["paths"]["/number"] = {"get": {"operationId": "number", "responses": answers}}
    return tree


ID = "api.response_schema_conformance"
CONTRACT = with_plain_operation()
ROUTES = {"GET /ticks": stream(TICKS), "GET /number": plain(b'{"n": "one"}')}
