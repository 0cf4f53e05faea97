"""Has no stream for any request, which is no pass."""

from typing import Any

from literal_server import plain
from small_contracts import ticker


def with_404() -> dict[str, Any]:
    """The ticker, which may find nothing."""
    tree = ticker()
    tree["paths"]["/ticks"]["get"]["responses"]["404"] = {"description": "none"}
    return tree


ID = "coverage.no-stream"
CONTRACT = with_404()
ROUTES = {"GET /ticks": plain(b"", "404 Not Found")}
