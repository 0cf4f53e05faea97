"""The handler of the bench's contract, as a user would write it."""

from collections.abc import AsyncIterator

from bench.payloads import delta, done
from streamcontract import Event

__all__ = ["stream_deltas"]


async def stream_deltas(events: int) -> AsyncIterator[Event]:
    """As many deltas as asked for, and one done."""
    for number in range(events):
        yield Event("delta", delta(number))
    yield Event("done", done(events))
