"""Raises in the middle of its generator; the framework ends the response as if all were well."""

from collections.abc import Iterator
from typing import Any

from literal_server import Received, stream
from small_contracts import ticker


def ticks() -> Iterator[bytes]:
    for n in range(3):
        if n == 2:
            raise RuntimeError("the source is gone")
        yield f'event: tick\ndata: {{"n": {n}}}\n\n'.encode()


def answer(_: Received) -> Any:
    """What many a framework does: the exception goes to a log, and the last chunk to the client."""
    sent = []
    try:
        for event in ticks():
            sent.append(event)  # noqa: PERF402 - what came before the exception stays
    except RuntimeError:
        pass
    return stream(*sent)


ID = "sequence.truncated"
CONTRACT = ticker()
ROUTES = {"GET /ticks": answer}
