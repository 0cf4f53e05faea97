"""How signals end a run."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from streamcontract_harness.exits import INTERRUPTED
from streamcontract_harness.stop import Stop

__all__ = ["stopped_by_signals"]

SHOW_CURSOR = b"\x1b[?25h"


@contextmanager
def stopped_by_signals(stop: Stop) -> Iterator[None]:
    """The first Ctrl-C (or SIGTERM) ends the run in good order, with its summary; the second ends the process."""

    def handle(number: int, _: FrameType | None) -> None:
        if stop.is_set():
            if sys.stdout.isatty():
                os.write(1, SHOW_CURSOR)  # the live line hides it
            os._exit(INTERRUPTED)
        stop.set()

    previous = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
