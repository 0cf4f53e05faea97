"""The event by which a stream reports a fault after its head was sent, made from the contract's own schema.

Its symbol is the first of `outcome.failure`. The payload takes constants, the first value of an `enum`, an `example`
where the schema has one, and what is required besides; free text says what went wrong. What comes out is held to the
contract when the server starts. A handler module may make the event itself: `failure_event(message) -> Event`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from streamcontract.contract.document import Document
from streamcontract.contract.model import Stream
from streamcontract.contract.symbols import Alternative, Classifier
from streamcontract.server.example import ExampleMaker
from streamcontract.wire.events import Event

__all__ = ["Failure", "FailureError", "failure_of", "places_without"]

SAMPLE = "Internal error. Reference: 00000000"


class FailureError(Exception):
    """No failure event could be made that the contract allows."""


@dataclass(frozen=True, slots=True, eq=False)
class Failure:
    """How a stream reports a fault."""

    symbol: str
    make: Callable[[str], Event]
    classifier: Classifier

    def event(self, message: str) -> Event:
        """The event with this message. Raises FailureError when what was made is not what the contract promises."""
        try:
            event = self.make(message)
            data = event.data if isinstance(event.data, str) else msgspec.json.encode(event.data).decode()
        except Exception as error:
            raise FailureError(f"{type(error).__name__}: {error}") from error
        found = self.classifier.classify(event.event, data, event.id, event.retry)
        if found.faults:
            raise FailureError("; ".join(fault.message for fault in found.faults))
        if found.symbol != self.symbol:
            raise FailureError(f"the event made is called {found.symbol}")
        return event


def failure_of(stream: Stream, document: Document, hook: Callable[..., Any] | None) -> Failure | None:
    """The failure event of a stream; None where its contract has none. Raises FailureError when none can be made."""
    reasons: list[str] = []
    for symbol in stream.outcome.failure:
        for alternative in stream.classifier.alternatives:
            if alternative.symbol == symbol:
                failure = Failure(symbol, hook or _maker(alternative, document), stream.classifier)
                try:
                    failure.event(SAMPLE)
                except FailureError as error:
                    reasons.append(f"{symbol}: {error}")
                else:
                    return failure
    if not stream.outcome.failure:
        return None
    raise FailureError("; ".join(reasons))


def places_without(failure: Failure, stream: Stream) -> list[str]:
    """The places of the sequence, by the way there, where the failure event may not come."""
    return [
        order.automaton.names[state]
        for order in stream.orders
        for state, row in enumerate(order.automaton.table)
        if row and failure.symbol not in row
    ]


def _maker(alternative: Alternative, document: Document) -> Callable[[str], Event]:
    type_ = min(alternative.event_types) if alternative.event_types else None
    schema: Any = alternative.payload_schema
    if not alternative.parses_json:
        schema = ExampleMaker(document, "").flat(alternative.schema).get("properties", {}).get("data")

    def make(message: str) -> Event:
        return Event(type_, ExampleMaker(document, message).value(schema or {"type": "string"}))

    return make
