"""Classifiers of small documents: for what an event is called, and what is wrong with it."""

from typing import Any

from documents import ANY_ORDER, json_event, stream_of

from streamcontract.contract.symbols import Classified, Classifier

__all__ = ["DELTA", "DONE", "JSON_TEXT", "classifier", "classify", "kinds", "of_item"]

JSON_TEXT = {"type": "string", "contentMediaType": "application/json"}


def classifier(schemas: dict[str, Any], sequence: str = ANY_ORDER, **x_stream: Any) -> Classifier:
    """The classifier of these components."""
    return stream_of({"sequence": sequence, **x_stream}, schemas).classifier


def of_item(item: dict[str, Any], sequence: str, schemas: dict[str, Any] | None = None, **x_stream: Any) -> Classifier:
    """The classifier of an `itemSchema` written out."""
    return stream_of({"sequence": sequence, **x_stream}, schemas or {}, itemSchema=item).classifier


def classify(
    of: Classifier, event: str | None, data: str = "{}", id_: str | None = None, retry: int | None = None
) -> Classified:
    """One event, classified."""
    return of.classify(event, data, id_, retry)


def kinds(classified: Classified) -> list[str]:
    """The ids of what is wrong with it."""
    return [fault.kind.value for fault in classified.faults]


DELTA = json_event("delta", {"text": "string"})
DONE = json_event("done")
