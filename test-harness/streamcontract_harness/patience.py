"""How long a server is waited for: less and less, once an operation has let several requests run out their time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from streamcontract_harness.exchange import Ending, Exchange

__all__ = ["Patience"]

FULL_WAITS = 3
"""Exchanges in a row that may run to the time limit. A server that hangs, or a stream without an end, does not change
by being asked a fourth time."""
SHORT_WAITS = 7
SHORT_SECONDS = 1.0
LOST_CONNECTIONS = 3
"""Refused connections in a row after which the server is taken to be gone."""


class Patience:
    """Counts, per operation and method, the exchanges in a row that ended by the time limit."""

    def __init__(self, seconds: Callable[[str], float]) -> None:
        """`seconds`: how long an operation is waited for as long as there is patience."""
        self._seconds = seconds
        self._longest = 0.0
        self._waits: Counter[tuple[str, str]] = Counter()
        self._refused = 0
        self._answered = False

    def seconds(self, operation: str, method: str) -> float:
        """How long the next exchange may take; 0 when it is not worth sending."""
        waits, seconds = self._waits[operation, method], self._seconds(operation)
        if waits < FULL_WAITS:
            return seconds
        return min(SHORT_SECONDS, seconds) if waits < FULL_WAITS + SHORT_WAITS else 0.0

    def is_full(self, operation: str, method: str) -> bool:
        """Whether the operation is still waited for as long as the run was told to."""
        return self._waits[operation, method] < FULL_WAITS

    def note(self, exchange: Exchange) -> None:
        """Take in how an exchange ended."""
        asked = exchange.request.operation, exchange.request.method
        self._refused = self._refused + 1 if exchange.ending is Ending.UNREACHABLE else 0
        self._answered = self._answered or exchange.answered
        if exchange.ending is Ending.TIME:
            self._waits[asked] += 1
            self._longest = max(self._longest, self._seconds(exchange.request.operation))
        elif exchange.answered:
            self._waits[asked] = 0

    @property
    def lost(self) -> str:
        """Why there is no point in going on; empty when there is."""
        if self._refused >= LOST_CONNECTIONS:
            return "the server stopped accepting connections"
        if not self._answered and self._waits.total() >= FULL_WAITS:
            return f"the server takes connections, and did not answer within {self._longest:g} s"
        return ""
