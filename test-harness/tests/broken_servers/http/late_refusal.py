"""Begins the stream for whoever accepts one, and looks at the request only then."""

import json
from typing import Any

from literal_server import Received, Step, plain, stream
from small_contracts import TICKS, Tree, ticker

REFUSED = b'event: error\ndata: {"message": "the request has no body"}\n\n'


def watching() -> Tree:
    """The ticker, asked by POST for how much there is to be."""
    schema = {"type": "object", "required": ["most"], "properties": {"most": {"type": "integer", "minimum": 0}}}
    body = {"required": True, "content": {"application/json": {"schema": schema, "example": {"most": 2}}}}
    tree = ticker(requestBody=body)
    tree["paths"]["/ticks"] = {"post": tree["paths"]["/ticks"].pop("get")}
    tree["paths"]["/ticks"]["post"]["responses"] |= {"400": {"description": "bad"}, "415": {"description": "no JSON"}}
    return tree


def fits(value: Any) -> bool:
    most = value.get("most") if isinstance(value, dict) else None
    return type(most) in (int, float) and most >= 0 and most == int(most)


def watch(request: Received) -> list[Step]:
    if not request.body and "text/event-stream" in request.headers.get("accept", ""):
        return stream(REFUSED)
    if request.headers.get("content-type") != "application/json":
        return plain(b"", "415 Unsupported Media Type")
    try:
        right = fits(json.loads(request.body))
    except ValueError:
        right = False
    return stream(TICKS) if right else plain(b"", "400 Bad Request")


ID = "http.late-refusal"
CONTRACT = watching()
ROUTES = {"POST /ticks": watch}
