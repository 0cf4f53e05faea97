"""When a task will start, and how long to wait before the next: from how long tasks have run."""

import math

__all__ = ["LONGEST_BACKOFF_MS", "UNMEASURED", "WEIGHT", "backoff_ms", "mean_after", "predicted_start_ms"]

WEIGHT = 0.2
"""Of the newest in the mean: what ran ten tasks ago counts for little."""
UNMEASURED = 1.0
"""Seconds that a task is taken to run before one has."""
LONGEST_BACKOFF_MS = 60_000


def mean_after(mean: float | None, seconds: float) -> float:
    """The exponentially weighted mean once one more task has run."""
    return seconds if mean is None else mean + WEIGHT * (seconds - mean)


def predicted_start_ms(ahead: int, running: int, slots: int, mean: float | None) -> int:
    """Milliseconds until a task starts: 0 while a slot is free for it."""
    before = ahead + running - slots + 1  # so many must end first
    return 0 if before <= 0 else math.ceil(before / slots * (mean or UNMEASURED) * 1000)


def backoff_ms(depth: int, running: int, slots: int, mean: float | None) -> int:
    """Milliseconds after which all that wait now will have started; bounded."""
    return min(LONGEST_BACKOFF_MS, predicted_start_ms(depth, running, slots, mean))
