"""Coming back to a stream with `Last-Event-ID`: what a client that has some of it gets of the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from streamcontract import Level
from streamcontract.wire.events import ReceivedEvent
from streamcontract_harness.bench import Bench, NotTriedError
from streamcontract_harness.exchange import Ending, Exchange, SentRequest
from streamcontract_harness.judge import Judgement
from streamcontract_harness.parameters import parameters_of
from streamcontract_harness.received import events_of
from streamcontract_harness.service import Service, served

__all__ = ["Gone", "Whole", "come_back", "gone_wrong", "level_of", "plain_request", "read_whole", "with_ids"]

HEADER = "last-event-id"


@dataclass(frozen=True, slots=True)
class Whole:
    """A stream that can be come back to: its events that have an id, each another one.

    `ended`: it was read to its end. `same_data`: read a second time, the events had the same data.
    """

    events: tuple[ReceivedEvent, ...]
    ended: bool
    same_data: bool

    def behind(self, id_: str) -> tuple[ReceivedEvent, ...]:
        """The events that a client with this one has not got yet."""
        ids = [event.id for event in self.events]
        return self.events[ids.index(id_) + 1 :]


@dataclass(frozen=True, slots=True)
class Gone:
    """How coming back went wrong: `kind` is one word for it, `said` a sentence, `offset` where it shows."""

    kind: str
    said: str
    offset: int | None = None


def level_of(bench: Bench) -> Level:
    """MUST where the contract has the header as a parameter: no standard obliges a server to keep what it has sent."""
    names = (parameter.get("name") for parameter in parameters_of(bench.contract, bench.operation))
    return Level.MUST if any(str(name).lower() == HEADER for name in names) else Level.SHOULD


def plain_request(bench: Bench) -> SentRequest:
    """A request for the stream from its beginning. Raises NotTriedError where nobody comes back to such a stream."""
    if bench.operation.method != "GET":
        raise NotTriedError(f"the operation is {bench.operation.method}: clients do not come back to its streams")
    if not with_ids(bench.good.exchange):
        raise NotTriedError("its events have no ids")
    return bench.fresh().without_header(HEADER)


def read_whole(bench: Bench, request: SentRequest) -> Whole:
    """Read it twice. Raises NotTriedError where it is another stream each time."""
    first, second = bench.read(request), bench.read(request)
    for judgement in (first, second):
        answer = served(bench, judgement)
        if answer.service is not Service.RIGHT:
            raise NotTriedError(f"the stream could not be read again: {answer.said}")
    events, again = with_ids(first.exchange), with_ids(second.exchange)
    ended = first.exchange.ending in (Ending.SERVER, Ending.ENOUGH)
    both = min(len(events), len(again))
    ids = [event.id for event in events]
    if (ended and len(events) != len(again)) or ids[:both] != [event.id for event in again[:both]]:
        raise NotTriedError("the same request gives events with other ids each time")
    if not ids or len(set(ids)) < len(ids):
        raise NotTriedError("several of its events have the same id")
    data = [(event.event, event.data) for event in events[:both]]
    same_data = data == [(event.event, event.data) for event in again[:both]]
    return Whole(tuple(events), ended, same_data)


def come_back(bench: Bench, request: SentRequest, id_: str) -> Judgement:
    """Ask for what stands behind the event of this id."""
    return bench.read(request.with_header(HEADER, id_.encode().decode("latin-1")))


def with_ids(exchange: Exchange) -> list[ReceivedEvent]:
    """The events with an id that can stand in a header."""
    return [
        event for event in events_of(exchange) if event.id and event.id.isprintable() and event.id == event.id.strip()
    ]


def gone_wrong(whole: Whole, id_: str, got: Sequence[ReceivedEvent], *, ended: bool) -> Gone | None:
    """Hold what came to what stands behind the event of this id; `ended`: no more would have come."""
    places = {event.id: number for number, event in enumerate(whole.events)}
    expected = places[id_] + 1
    if got and got[0].id == whole.events[0].id and (expected > 1 or len(whole.events) == 1):
        return Gone("ignored", "the stream came from its beginning again", got[0].offset)
    for event in got:
        place = places.get(event.id)
        if place is None and not whole.ended:
            return None  # it has gone on meanwhile
        if place != expected:
            return _misplaced(whole, event, place, expected)
        if whole.same_data and (event.event, event.data) != (whole.events[place].event, whole.events[place].data):
            return Gone("foreign", f"event {event.id!r} is another than it was in the whole stream", event.offset)
        expected += 1
    if ended and expected < len(whole.events):
        return Gone("gap", f"event {whole.events[expected].id!r} and what stands behind it did not come")
    return None


def _misplaced(whole: Whole, event: ReceivedEvent, place: int | None, expected: int) -> Gone:
    if place is None:
        return Gone("foreign", f"there came event {event.id!r}, which the stream does not have", event.offset)
    if place < expected:
        return Gone("double", f"there came event {event.id!r}, which the client had", event.offset)
    missing = whole.events[expected].id
    return Gone("gap", f"event {missing!r} is missing before {event.id!r}", event.offset)
