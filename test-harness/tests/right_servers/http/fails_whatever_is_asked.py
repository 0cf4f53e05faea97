"""Disregards what it requires, and all of its streams fail in the way that the contract has for it."""

from literal_server import stream
from small_contracts import Tree, ticker

FAILED = b'event: error\ndata: {"message": "no key for the model"}\n\n'


def kinds() -> Tree:
    """The ticker, with a parameter that is required, and a refusal that the contract documents."""
    kind = {"name": "kind", "in": "query", "required": True, "schema": {"enum": ["a", "b"]}}
    tree = ticker({"outcome": {"failure": ["error"]}, "rules": []}, parameters=[kind])
    tree["paths"]["/ticks"]["get"]["responses"]["422"] = {"description": "no such kind"}
    return tree


CONTRACT = kinds()
ROUTES = {"GET /ticks": stream(FAILED)}
OPTIONS = {"ignore": ("api", "coverage.no-success")}
