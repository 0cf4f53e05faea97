"""Puts another name on the same events when it is asked for another media type."""

from literal_server import Received, Step, stream
from small_contracts import TICKS, ticker


def watch(request: Received) -> list[Step]:
    accept = request.headers.get("accept", "")
    return stream(TICKS, content_type="application/json" if accept == "application/json" else "text/event-stream")


ID = "http.accept"
CONTRACT = ticker()
ROUTES = {"GET /ticks": watch}
