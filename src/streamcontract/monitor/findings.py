"""A finding: one fault of the server, as a record; never an exception."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from streamcontract.contract.problems import Location
from streamcontract.monitor.request import Request

__all__ = ["WIRE_EXPECTED", "Finding", "Level", "Unsettled", "Verdict"]

WIRE_EXPECTED: Mapping[str, str] = {
    "invalid-utf8": "UTF-8, as event streams are always decoded so",
    "unterminated-event": "a blank line behind the last event: clients discard what none ends",
    "line-too-long": "lines that a client can hold",
    "event-too-long": "events that a client can hold",
}
"""What a stream's framing should have had, by the fault in it."""


class Level(Enum):
    """MUST makes a violation, SHOULD a warning (RFC 2119)."""

    MUST = "must"
    SHOULD = "should"


class Verdict(Enum):
    """What can be said of a stream: right, wrong, or right as far as it was seen."""

    CONFORMS = "conforms"
    VIOLATES = "violates"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One fault.

    `event_index` counts all events of the stream from 0; `offset` is a byte position in it; `at_ms` milliseconds after
    the request was sent. `place` tells equal faults apart (a JSON pointer into the schema, a slice's key): findings
    with the same `id` and `place` are one, with a `count` and the indexes of the first events (`places`).
    """

    id: str
    level: Level
    operation: str
    message: str
    expected: str = ""
    got: str = ""
    event_index: int | None = None
    offset: int | None = None
    at_ms: float | None = None
    place: str = ""
    count: int = 1
    places: tuple[int, ...] = ()
    location: Location | None = None
    request: Request | None = None


@dataclass(frozen=True, slots=True)
class Unsettled:
    """A part of the contract that could not be judged on this stream, and why."""

    id: str
    reason: str
