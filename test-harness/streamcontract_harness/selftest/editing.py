"""One value of one event changed, in its payload or its id; what comes out is valid, or there is nothing."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from streamcontract import Event
from streamcontract_harness.selftest.made import Naming, json_text, with_event
from streamcontract_harness.selftest.pools import is_sendable

__all__ = ["GONE", "changed", "leaves", "replaced", "value_at"]

GONE = object()
"""A member that is to be taken out."""


def changed(naming: Naming, event: Event, path: tuple[str, ...], value: Any) -> Event | None:
    """The event with this value at `data.…` or `id`, where it is still a valid one of its name."""
    found = naming.of(event)
    if found.symbol is None or found.faults:
        return None
    if path == ("id",):
        made = with_event(event, id=None if value is GONE else str(value))
    elif path[0] != "data" or (value is GONE and path == ("data",)):
        return None
    elif isinstance(found.payload, str) and found.payload == event.data:
        if len(path) > 1 or not isinstance(value, str):
            return None
        made = with_event(event, data=value)
    else:
        payload = replaced(found.payload, path[1:], value)
        try:
            made = with_event(event, data=json_text(payload))
        except (TypeError, ValueError, OverflowError):
            return None
    return made if made != event and naming.is_right(made, found.symbol) and is_sendable(made) else None


def replaced(payload: Any, path: tuple[str | int, ...], value: Any) -> Any:
    """A copy of a payload with another value at that path; members on the way are made."""
    if not path:
        return value
    made = copy.copy(payload) if isinstance(payload, dict | list) else {}
    key, rest = path[0], path[1:]
    if isinstance(made, list):
        if isinstance(key, int) and key < len(made):
            if value is GONE and not rest:
                del made[key]
            else:
                made[key] = replaced(made[key], rest, value)
        return made
    if value is GONE and not rest:
        made.pop(key, None)
    else:
        made[key] = replaced(made.get(key), rest, value)
    return made


def value_at(payload: Any, path: tuple[str | int, ...]) -> Any:
    """What stands at a path; GONE where nothing does."""
    for key in path:
        try:
            payload = payload[key]
        except (KeyError, IndexError, TypeError):
            return GONE
    return payload


def leaves(payload: Any, path: tuple[str | int, ...] = (), depth: int = 0) -> Iterator[tuple[str | int, ...]]:
    """The paths of all members of a payload, of lists those of the first."""
    if path:
        yield path
    if depth > 6:
        return
    if isinstance(payload, Mapping):
        for key in payload:
            yield from leaves(payload[key], (*path, key), depth + 1)
    elif isinstance(payload, list) and payload:
        yield from leaves(payload[0], (*path, 0), depth + 1)
