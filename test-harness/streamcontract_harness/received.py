"""The events of an exchange, as a client receives them."""

from __future__ import annotations

from itertools import zip_longest

from streamcontract.wire.decoder import Decoder
from streamcontract.wire.events import ReceivedEvent
from streamcontract_harness.exchange import Exchange
from streamcontract_harness.judge import Judgement

__all__ = ["events_of", "events_of_bytes", "same_events"]


def events_of(exchange: Exchange) -> list[ReceivedEvent]:
    """The events of a stream, as far as it was read."""
    return events_of_bytes(exchange.body)


def events_of_bytes(data: bytes) -> list[ReceivedEvent]:
    """The events in these bytes."""
    decoder = Decoder()
    items = [*decoder.feed(data, None), *decoder.close(None)]
    return [item for item in items if isinstance(item, ReceivedEvent)]


def same_events(one: Judgement, other: Judgement) -> bool:
    """Whether two streams have the same events, ids included."""
    pairs = zip_longest(events_of(one.exchange), events_of(other.exchange))
    return all(a is not None and b is not None and key(a) == key(b) for a, b in pairs)


def key(event: ReceivedEvent) -> tuple[str | None, str, str | None]:
    """What a client gets to know of an event."""
    return event.event, event.data, event.id
