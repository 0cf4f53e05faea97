"""Sends another number of ticks than it was asked for."""

from typing import Any

from literal_server import Received, plain, stream
from small_contracts import TICKS, ticker


def asked() -> dict[str, Any]:
    """The ticker, which is told how often."""
    limit = {
        "name": "limit",
        "in": "query",
        "required": True,
        "schema": {"type": "integer", "minimum": 3, "maximum": 3},
    }
    rule = {"id": "as-many-as-asked", "at": "done", "assert": "string(data.ticks) == string(request.query.limit)"}
    tree = ticker({"rules": [rule]}, parameters=[limit])
    tree["paths"]["/ticks"]["get"]["responses"]["400"] = {"description": "bad"}
    return tree


def answer(request: Received) -> Any:
    """Two ticks, whatever was asked for."""
    return stream(TICKS) if request.target == "/ticks?limit=3" else plain(b"", "400 Bad Request")


ID = "rule.as-many-as-asked"
CONTRACT = asked()
ROUTES = {"GET /ticks": answer}
