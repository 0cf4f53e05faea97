"""How long a part of a self-test may go on."""

from __future__ import annotations

import time

from streamcontract_harness.stop import Stop

__all__ = ["Bound"]


class Bound:
    """So many seconds of CPU, or until it is told to stop. The time of others on the machine does not count."""

    def __init__(self, seconds: float | None = None, stop: Stop | None = None) -> None:
        self._until = None if seconds is None else time.process_time() + seconds
        self._stop = stop

    @property
    def over(self) -> bool:
        """Whether it is time to end."""
        if self._stop is not None and self._stop.is_set():
            return True
        return self._until is not None and time.process_time() >= self._until
