"""How a run is ended from outside."""

from __future__ import annotations

import threading
from collections.abc import Callable

__all__ = ["Stop"]


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
