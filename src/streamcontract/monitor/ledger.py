"""The findings of one stream: equal faults are one, with a count and the first places."""

from dataclasses import replace

import msgspec

from streamcontract.contract.problems import Location
from streamcontract.contract.symbols import Fault
from streamcontract.contract.written import beginning, shorten
from streamcontract.monitor.findings import Finding, Level, Unsettled
from streamcontract.monitor.request import Request

__all__ = ["Ledger", "Where"]

PLACES = 5
"""How many events of equal faults are named."""

DIFFERENT_LIMIT = 1_000
"""Different findings of one stream. A server that finds more ways to be wrong has been judged."""

LONGEST, SHOWN = 2_000, 100
"""Characters of a text of a finding, and of a name in its message: what the server sends may have 16 MiB."""


class Where(msgspec.Struct, frozen=True):
    """The place in the stream: the event's index (from 0), the byte, the time in the feeder's seconds."""

    index: int | None
    offset: int | None
    at: float | None


class Ledger:
    """Keeps the findings in the order in which they came up."""

    def __init__(self, operation: str, request: Request | None, started: float) -> None:
        self._operation = operation
        self._request = request
        self._started = started
        self._found: dict[tuple[str, str, Level], Finding] = {}
        self._new: list[tuple[str, str, Level]] = []
        self._unsettled: dict[str, Unsettled] = {}

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings so far."""
        return tuple(self._found.values())

    @property
    def unsettled(self) -> tuple[Unsettled, ...]:
        """What could not be judged."""
        return tuple(self._unsettled.values())

    def new(self) -> list[Finding]:
        """The findings that came up since this was asked last."""
        if not self._new:
            return []
        found = [self._found[key] for key in self._new]
        self._new = []
        return found

    def unsettle(self, id_: str, reason: str) -> None:
        """Note that a part of the contract cannot be judged; the first reason stands."""
        self._unsettled.setdefault(id_, Unsettled(id_, reason))

    def add_of_event(self, fault: Fault, where: Where, symbol: str | None) -> None:
        """Note one fault of an event by itself; its texts are asked for only where it is new."""
        id_, place = fault.kind.value, fault.place
        key = _key(id_, place, Level.MUST)
        if key in self._found:
            self._found[key] = _once_more(self._found[key], where.index)
        else:
            said, expected, got = fault.message, fault.expected, fault.got
            self.add(id_, where, said, symbol=symbol, expected=expected, got=got, place=place)

    def add(  # noqa: PLR0913 - the fields of a finding, all but three by name
        self,
        id_: str,
        where: Where,
        what: str,
        *,
        symbol: str | None = None,
        level: Level = Level.MUST,
        expected: str = "",
        got: str = "",
        place: str = "",
        location: Location | None = None,
        about_event: bool = True,
    ) -> None:
        """Note one fault; a message about one event begins with its number, counted from 1, and its symbol."""
        key = _key(id_, place, level)
        known = self._found.get(key)
        if known is not None:
            self._found[key] = _once_more(known, where.index)
            return
        if len(self._found) >= DIFFERENT_LIMIT:
            self.unsettle("findings", f"only the first {DIFFERENT_LIMIT:,} different findings are kept")
            return
        number = f"event {where.index + 1}" if where.index is not None and about_event else "the stream"
        named = f"{number} ({shorten(symbol, SHOWN)})" if symbol and where.index is not None else number
        self._found[key] = Finding(
            id=id_,
            level=level,
            operation=self._operation,
            message=f"{named}: {beginning(what, LONGEST)}",
            expected=beginning(expected, LONGEST),
            got=beginning(got, LONGEST),
            event_index=where.index,
            offset=where.offset,
            at_ms=None if where.at is None else (where.at - self._started) * 1000,
            place=beginning(place, LONGEST),
            places=() if where.index is None else (where.index,),
            location=location,
            request=self._request,
        )
        self._new.append(key)


def _key(id_: str, place: str, level: Level) -> tuple[str, str, Level]:
    return (id_, place if len(place) <= LONGEST else f"{place[:SHOWN]} #{hash(place)}", level)


def _once_more(known: Finding, index: int | None) -> Finding:
    places = known.places
    if index is not None and len(places) < PLACES and index not in places:
        places = (*places, index)
    return replace(known, count=known.count + 1, places=places)
