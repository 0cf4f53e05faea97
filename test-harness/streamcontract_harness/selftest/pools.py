"""Valid events of each name, ready to be put into streams."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from streamcontract import Event, Stream
from streamcontract.contract.symbols import Alternative
from streamcontract.wire import EncodingError, encode
from streamcontract_harness.selftest.bound import Bound
from streamcontract_harness.selftest.made import Naming, json_text
from streamcontract_harness.selftest.sampling import Sampler, TooLargeError

__all__ = ["Pools"]

ENOUGH, ENOUGH_TEXTS, TRIES = 200, 500, 1_000
"""Different events of one name, of texts more than of JSON, as all is in one; and how often one is drawn."""


MOST = 2**22
"""Characters in all the events of one name."""


class Pools:
    """Events by their names; `missing` are those of which no valid one could be drawn, `too_large` some of them."""

    def __init__(self, stream: Stream, naming: Naming, sampler: Sampler, bound: Bound | None = None) -> None:
        self._naming = naming
        self._sampler = sampler
        self._bound = bound or Bound()
        self.too_large: set[str] = set()
        self.events: dict[str, list[Event]] = {}
        for alternative in stream.classifier.alternatives:
            known = self.events.setdefault(alternative.symbol, [])
            known += [event for event in self._drawn(alternative) if event not in known]

    @property
    def missing(self) -> tuple[str, ...]:
        """The names that no valid event was made of."""
        return tuple(symbol for symbol, events in self.events.items() if not events)

    @property
    def not_made(self) -> tuple[str, ...]:
        """The missing ones that would have been larger than what is made."""
        return tuple(symbol for symbol in self.missing if symbol in self.too_large)

    def of(self, symbol: str) -> Event:
        """One of them."""
        return self._sampler.random.choice(self.events[symbol])

    def _drawn(self, alternative: Alternative) -> list[Event]:
        found: dict[Event, None] = {}
        enough = ENOUGH if alternative.parses_json else ENOUGH_TEXTS
        for tries in range(TRIES):
            try:
                proposals = list(self._proposals(alternative))
            except TooLargeError:
                self.too_large.add(alternative.symbol)
                break
            for event in proposals:
                if self._naming.is_right(event, alternative.symbol) and is_sendable(event):
                    found[event] = None
                    break
            size = sum(len(event.data) for event in found)
            if len(found) >= enough or size > MOST or self._bound.over or (tries > 100 and len(found) * 20 < tries):
                break
        return list(found)

    def _proposals(self, alternative: Alternative) -> Iterator[Event]:
        """One drawing in its different envelopes."""
        node = self._sampler.flat(alternative.schema)
        properties = node.get("properties", {})
        data = self._data(alternative, properties)
        id_ = self._field(node, "id", "string")
        retry = self._field(node, "retry", "integer")
        types = sorted(alternative.event_types) if alternative.event_types is not None else ["message"]
        names: list[str | None] = [self._sampler.random.choice(types), None]
        if alternative.event_types is None:
            names.reverse()
        for name in names:
            for sent in dict.fromkeys((id_, None)):
                yield Event(name, data, sent if isinstance(sent, str) else None, None)
                if isinstance(retry, int):
                    yield Event(name, data, sent if isinstance(sent, str) else None, retry)

    def _field(self, node: Mapping[str, Any], name: str, kind: str) -> Any:
        """A field of the envelope, where the schema speaks of it."""
        properties = node.get("properties", {})
        if name not in properties and name not in node.get("required", ()):
            return None
        return self._sampler.value(properties.get(name, {"type": kind}))

    def _data(self, alternative: Alternative, properties: Mapping[str, Any]) -> str:
        schema = properties.get("data", {"type": "string"})
        if not alternative.parses_json:
            value = self._sampler.value(schema)
            return value if isinstance(value, str) else ""
        described = schema if alternative.object_data else alternative.payload_schema
        return json_text(self._sampler.value(described if described is not None else {}))


def is_sendable(event: Event) -> bool:
    """Whether it can be sent, and comes back as it was: a stream carries no CR, and no data that is no text."""
    if "\r" in event.data:
        return False
    try:
        encode(event)
    except EncodingError:
        return False
    return True
