"""Gives the same ticks as JSON to whoever asks for that, as its contract says; knows no method but GET."""

from literal_server import Received, Step, plain, stream
from small_contracts import TICKS, ticker


def watch(request: Received) -> list[Step]:
    if request.headers.get("accept", "").startswith("application/json"):
        return plain(b'[{"n": 0}, {"n": 1}]')
    return stream(TICKS)


CONTRACT = ticker()
CONTENT = CONTRACT["paths"]["/ticks"]["get"]["responses"]["200"]["content"]
CONTENT["application/json"] = {"schema": {"type": "array", "items": {"type": "object"}}}
ROUTES = {"GET /ticks": watch, "HEAD /ticks": plain(b"", "501 Not Implemented")}
