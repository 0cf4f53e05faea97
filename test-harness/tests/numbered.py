"""A ticker whose events have ids, and servers of it that are come back to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from literal_server import Received, Step, plain, stream
from small_contracts import Tree, ticker

__all__ = ["EVENTS", "Numbered", "numbered"]

EVENTS = (
    *(b'id: %d\nevent: tick\ndata: {"n": %d}\n\n' % (number, number) for number in range(1, 6)),
    b'id: 6\nevent: done\ndata: {"ticks": 5}\n\n',
)
IDS = ("1", "2", "3", "4", "5", "6")


def numbered(*, declared: bool = True, **operation: Any) -> Tree:
    """The ticker with ids; `declared`: the contract has Last-Event-ID as a parameter."""
    header = {"name": "Last-Event-ID", "in": "header", "schema": {"enum": [*IDS]}}
    tree = ticker({"rules": []}, **({"parameters": [header]} if declared else {}), **operation)
    responses = {"204": {"description": "that was all"}, "400": {"description": "no such id"}}
    tree["paths"]["/ticks"]["get"]["responses"] |= responses
    return tree


class Numbered:
    """A server of it; `behind` tells which events are sent to whoever has so many."""

    def __init__(self, behind: Callable[[int], tuple[bytes, ...]] = lambda has: EVENTS[has:]) -> None:
        self.behind = behind

    def watch(self, request: Received) -> list[Step]:
        last = request.headers.get("last-event-id")
        if last is None:
            return stream(*self.behind(0))
        if last not in IDS:
            return plain(b"", "400 Bad Request")
        if last == IDS[-1]:
            return [b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n"]
        return stream(*self.behind(int(last)))
