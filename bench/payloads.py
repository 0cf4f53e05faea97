"""What every contestant streams: the same deltas, and one done."""

from typing import Any

from streamcontract import Event
from streamcontract.wire import encode

__all__ = ["CONTRACT", "delta", "done", "encoded_stream"]

CONTRACT = "bench/contract.yaml"
"""From the project's root, where `python -m bench` runs."""


def delta(number: int) -> dict[str, Any]:
    """The payload of one delta."""
    return {"type": "delta", "text": f"word {number} "}


def done(count: int) -> dict[str, Any]:
    """The payload of the last event."""
    return {"type": "done", "count": count}


def encoded_stream(events: int) -> bytes:
    """A whole stream of that many deltas."""
    deltas = b"".join(encode(Event("delta", delta(number))) for number in range(events))
    return deltas + encode(Event("done", done(events)))
