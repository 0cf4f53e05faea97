"""How fast a task's tokens come, and whether it will be done in time."""

import math
from statistics import NormalDist

import msgspec

from streamcontract.services.tasks.task import Lease

__all__ = ["Pace"]

LEAST_SPREAD = 0.05
"""Of what is expected to be left, as no estimate is exact."""


class Pace:
    """Follows one task. Times are seconds of one clock; `left` are the seconds it has, `expected` its tokens."""

    def __init__(self, expected: int, left: float, now: float) -> None:
        self.tokens = 0
        self._expected, self._deadline, self._latest = expected, now + left, now
        self._mean = 0.0
        self._squares = 0.0  # of the differences from the mean (Welford)

    @classmethod
    def of(cls, lease: Lease, now: float) -> "Pace":
        """The pace of a task that begins; of its tokens the client may have said how many it expects."""
        asked = lease.task.request
        expected = asked.max_tokens if asked.expected_tokens is msgspec.UNSET else asked.expected_tokens
        return cls(min(expected, asked.max_tokens), lease.seconds, now)

    def note(self, now: float) -> None:
        """One more token has come."""
        gap, self._latest = now - self._latest, now
        self.tokens += 1
        difference = gap - self._mean
        self._mean += difference / self.tokens
        self._squares += difference * (gap - self._mean)

    def on_time(self, now: float) -> float:
        """The probability of being done before the deadline, from 0 to 1.

        The time that is left to the tokens that are left, as a sum of gaps such as those seen so far. Before the first
        token nothing is known against it.
        """
        left = self._deadline - now
        if left <= 0:
            return 0.0
        more = self._expected - self.tokens
        if not self.tokens or more <= 0:
            return 1.0
        needed = more * self._mean
        spread = math.sqrt(more * self._squares / self.tokens) + LEAST_SPREAD * needed
        return round(NormalDist(needed, spread).cdf(left), 4) if spread else float(needed <= left)
