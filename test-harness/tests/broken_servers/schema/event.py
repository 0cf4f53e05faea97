"""Leaves out the `id` that the schema of the event itself asks for."""

from typing import Any

from literal_server import stream
from small_contracts import TICKS, ticker


def with_ids() -> dict[str, Any]:
    """The ticker, whose ticks all have an id."""
    tree = ticker()
    media = tree["paths"]["/ticks"]["get"]["responses"]["200"]["content"]["text/event-stream"]
    media["itemSchema"]["oneOf"][0]["required"].append("id")
    return tree


ID = "schema.event"
CONTRACT = with_ids()
ROUTES = {"GET /ticks": stream(TICKS)}
