"""Disregards what it requires, and every other stream fails: not those alone from which something is left out."""

import itertools

from literal_server import Received, Step, stream
from small_contracts import TICKS, Tree, ticker

FAILED = b'event: error\ndata: {"message": "the source is gone"}\n\n'
BODIES = itertools.cycle([TICKS, FAILED])


def kinds() -> Tree:
    """The ticker, with a parameter that is required, and a refusal that the contract documents."""
    kind = {"name": "kind", "in": "query", "required": True, "schema": {"enum": ["a", "b"]}}
    tree = ticker(parameters=[kind])
    tree["paths"]["/ticks"]["get"]["responses"]["422"] = {"description": "no such kind"}
    return tree


def watch(_: Received) -> list[Step]:
    return stream(next(BODIES))


CONTRACT = kinds()
ROUTES = {"GET /ticks": watch}
OPTIONS = {"ignore": ("api",)}
