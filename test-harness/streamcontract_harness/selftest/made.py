"""One stream that was made: what it was asked with, its events, and its bytes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from streamcontract import Event, Linked, Request, Response
from streamcontract.contract.symbols import Classified, Classifier
from streamcontract.wire import encode

__all__ = ["Made", "Naming", "json_text", "with_event"]


@dataclass(frozen=True, slots=True)
class Made:
    """A stream as it could have come: its request, what led there, the head of the answer, and the events."""

    request: Request
    response: Response
    events: tuple[Event, ...]
    linked: Linked | None = None

    def having(self, events: Iterable[Event]) -> Made:
        """The same with other events."""
        return replace(self, events=tuple(events))

    def body(self, retry: int | None) -> bytes:
        """The bytes, with the reconnection time in front that the contract asks for."""
        announced = b"" if retry is None else b"retry: %d\n\n" % retry
        return announced + b"".join(encode(event) for event in self.events)


class Naming:
    """What the events of a stream are called; each event is looked at once."""

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier
        self._known: dict[Event, Classified] = {}

    def of(self, event: Event) -> Classified:
        """The event's name and payload, and what is wrong with it."""
        found = self._known.get(event)
        if found is None:
            found = self._classifier.classify(event.event, event.data, event.id, event.retry)
            self._known[event] = found
        return found

    def is_right(self, event: Event, symbol: str) -> bool:
        """Whether this is a valid event of that name."""
        found = self.of(event)
        return found.symbol == symbol and not found.faults


def json_text(value: Any) -> str:
    """A payload as it is sent."""
    return msgspec.json.encode(value).decode()


def with_event(event: Event, /, **fields: Any) -> Event:
    """The event with other fields."""
    given: Mapping[str, Any] = {name: getattr(event, name) for name in ("event", "data", "id", "retry")}
    return Event(**{**given, **fields})
