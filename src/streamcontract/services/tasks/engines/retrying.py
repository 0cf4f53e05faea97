"""A job that failed before its first token is tried again, after a while that grows and is different for everybody."""

import itertools
import math
import random
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

import anyio
import structlog

from streamcontract.services.tasks.engines.faults import PoolError

__all__ = ["Retries", "retrying", "told_wait"]

log: Any = structlog.get_logger("streamcontract.tasks")


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a job is tried again, and when: after a time between 0 and `first` × 2ⁿ seconds, `longest` at most.

    This is full jitter: those who failed together do not come back together. A pool that names a time is left alone for
    it, and that long again by chance; one that asks for more than `patience` seconds is given up.
    """

    most: int = 3
    first: float = 0.25
    longest: float = 8.0
    patience: float = 20.0

    def bound(self, number: int) -> float:
        """The longest wait in seconds before the try with this number, from 0."""
        return float(min(self.longest, self.first * 2 ** min(number, 32)))

    def wait(self, number: int, asked: float | None) -> float | None:
        """Seconds to wait; None: give up."""
        if number >= self.most or (asked is not None and asked > self.patience):
            return None
        return (asked or 0.0) + random.uniform(0.0, self.bound(number))  # noqa: S311 - it hides nothing


async def retrying(attempt: Callable[[], AsyncGenerator[str, None]], retries: Retries) -> AsyncGenerator[str, None]:
    """The tokens of an attempt that began, the first or a later one. Raises PoolError.

    An error that might pass says when to come again: when the pool says, or when the next try would have been made.
    """
    for number in itertools.count():
        begun = False
        try:
            async with aclosing(attempt()) as tokens:
                async for token in tokens:
                    begun = True
                    yield token
            return
        except PoolError as error:
            asked = None if error.retry_after_ms is None else error.retry_after_ms / 1000
            wait = retries.wait(number, asked) if error.again and not begun else None
            if wait is None:
                if error.retriable and error.retry_after_ms is None:
                    error.retry_after_ms = max(1, round(1000 * retries.bound(number)))
                raise
            log.info("a job is tried again", why=str(error), seconds=round(wait, 3), tries=number + 1)
        await anyio.sleep(wait)


LONGEST_TOLD = 86_400.0


def told_wait(value: str | None) -> int | None:
    """The milliseconds until a `Retry-After`, seconds or a date, is over, a day at most; None: it says nothing."""
    try:
        seconds = float(value or "")
    except ValueError:
        seconds = _until(value or "")
    if not seconds >= 0:  # also what is no number
        return None
    return max(1, round(1000 * min(seconds, LONGEST_TOLD)))


def _until(date: str) -> float:
    """The seconds until a date of HTTP (RFC 9110, 5.6.7), 0 when it has passed; not a number when it is none."""
    try:
        then = parsedate_to_datetime(date)
    except (ValueError, OverflowError):
        return math.nan
    return max(0.0, then.replace(tzinfo=then.tzinfo or UTC).timestamp() - time.time())
