"""Forbids its reuse, each time in another way."""

import itertools
from typing import Any

from literal_server import Received, stream
from small_contracts import TICKS, ticker

WAYS = itertools.cycle(
    [
        {"cache_control": "no-store"},
        {"cache_control": "no-cache, max-age=3600"},
        {"cache_control": "private, max-age=0, must-revalidate"},
        {"cache_control": "public, max-age=0"},
        {"expires": "0", "date": "Tue, 03 Nov 2026 10:00:00 GMT"},
        {"expires": "Thu, 01 Jan 1970 00:00:00 GMT"},
        {"cache_control": "max-age=0", "expires": "Tue, 03 Nov 2099 10:00:00 GMT"},
    ]
)


def answer(_: Received) -> Any:
    return stream(TICKS, **next(WAYS))


CONTRACT = ticker()
ROUTES = {"GET /ticks": answer}
