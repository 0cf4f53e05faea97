"""Lets its clients choose an id for each stream, and refuses one that it has seen."""

import json
import uuid
from typing import Any

from literal_server import Received, Step, plain, stream
from small_contracts import TICKS, Tree, ticker


def named() -> Tree:
    """The ticker, asked by POST under a name that the client chooses."""
    schema = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string", "format": "uuid"}}}
    example = {"id": "5f0b7a52-65b1-4b7e-9d0c-0a6c8a3e3b06"}
    tree = ticker(
        requestBody={"required": True, "content": {"application/json": {"schema": schema, "example": example}}}
    )
    tree["paths"]["/ticks"] = {"post": tree["paths"]["/ticks"].pop("get")}
    refusals = {"400": "bad", "409": "seen before", "415": "no JSON"}
    tree["paths"]["/ticks"]["post"]["responses"] |= {status: {"description": what} for status, what in refusals.items()}
    return tree


class Names:
    """Remembers them."""

    def __init__(self) -> None:
        self.seen: set[str] = set()

    def watch(self, request: Received) -> list[Step]:
        if request.headers.get("content-type") != "application/json":
            return plain(b"", "415 Unsupported Media Type")
        name = _name(request.body)
        if name is None:
            return plain(b"", "400 Bad Request")
        if name in self.seen:
            return plain(b"", "409 Conflict")
        self.seen.add(name)
        return stream(TICKS)


def _name(body: bytes) -> str | None:
    try:
        value: Any = json.loads(body)
        name = value["id"]
        return name if str(uuid.UUID(name)) == name.lower() else None
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


CONTRACT = named()
ROUTES = {"POST /ticks": Names().watch}
