"""How a run is ended from outside."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["Stop", "calling_at"]


class Stop:
    """Ends a run from outside: set it in a signal handler, or from another thread."""

    def __init__(self) -> None:
        self._set = threading.Event()
        self._actions: list[Callable[[], None]] = []

    def set(self) -> None:
        """Send nothing more, and end what is under way."""
        self._set.set()
        for action in self._actions:
            action()

    def is_set(self) -> bool:
        return self._set.is_set()

    def then(self, action: Callable[[], None]) -> None:
        """Have this done as well, at once if it is set already."""
        self._actions.append(action)
        if self.is_set():
            action()


@contextmanager
def calling_at(deadline: float, action: Callable[[], None]) -> Iterator[None]:
    """Have something done at a time of the monotonic clock, unless the block has ended before."""
    timer = threading.Timer(max(0.0, deadline - time.monotonic()), action)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
