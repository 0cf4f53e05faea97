"""Answers HEAD after a while the first time, when it has to wake up, and then at once."""

import itertools
from collections.abc import Iterator

from literal_server import Pause, Received, Step, head, stream
from small_contracts import TICKS, ticker

NUMBERS = itertools.count()


def wake(_: Received) -> Iterator[Step]:
    if next(NUMBERS) == 0:
        yield Pause(2.5)
    yield head(content_type="text/event-stream")


CONTRACT = ticker()
ROUTES = {"GET /ticks": stream(TICKS), "HEAD /ticks": wake}
OPTIONS = {"timeout": 2.0, "select": ("http", "coverage")}
