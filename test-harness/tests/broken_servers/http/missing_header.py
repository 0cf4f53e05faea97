"""Leaves out a header that the contract requires."""

from typing import Any

from literal_server import stream
from small_contracts import TICKS, ticker


def with_header() -> dict[str, Any]:
    """The ticker, whose answer has a header of its own."""
    tree = ticker()
    header = {"required": True, "schema": {"type": "integer", "minimum": 3}}
    tree["paths"]["/ticks"]["get"]["responses"]["200"]["headers"] = {"x-kind": header}
    return tree


ID = "http.missing-header"
CONTRACT = with_header()
ROUTES = {"GET /ticks": stream(TICKS)}
