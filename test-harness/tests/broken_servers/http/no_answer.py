"""Closes the connection of one operation without an answer."""

from typing import Any

from literal_server import stream
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


ID = "http.no-answer"
CONTRACT = with_plain_operation()
ROUTES = {"GET /ticks": stream(TICKS), "GET /number": []}
