"""The connections to Redis, and what becomes of a step when Redis is away."""

import random
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import anyio
from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import (
    AuthenticationError,
    AuthorizationError,
    BusyLoadingError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)
from redis.exceptions import ConnectionError as LostConnectionError
from redis.exceptions import TimeoutError as SlowError

from streamcontract.services.tasks.brokers.broker import BrokerError

__all__ = ["CONNECTIONS", "Connection"]

T = TypeVar("T")
CONNECTIONS = 16
"""Of one process, for requests; one more listens."""
FIRST_PAUSE, LONGEST_PAUSE = 0.02, 1.0
CONNECT_SECONDS = 5.0
OLDEST = 7


class Connection:
    """Requests to one Redis server. Neither its password nor its URL stands in an error."""

    def __init__(self, url: str, timeout: float, patience: float) -> None:
        self.timeout, self._patience = timeout, patience
        self._pool = ConnectionPool.from_url(
            url,
            protocol=2,
            decode_responses=True,
            socket_timeout=timeout,
            socket_connect_timeout=min(timeout, CONNECT_SECONDS),
            retry=Retry(NoBackoff(), 0),
        )
        self.client: Redis = Redis(connection_pool=self._pool)
        # A pool that waits for its connections itself loses one when a waiting task is cancelled.
        self._free = anyio.CapacityLimiter(CONNECTIONS)
        self._asking = anyio.Lock()
        self._answered = -1.0

    async def promptly(self, step: Callable[[bool], Awaitable[T]]) -> T:
        """Do a step, which is told whether it is done again. Raises BrokerError when its time is over."""
        error: Exception | None = None
        pause = FIRST_PAUSE
        with anyio.move_on_after(self.timeout):
            while True:
                try:
                    async with self._free:
                        return await step(error is not None)
                except (RedisError, OSError) as failure:
                    error = failure
                    if not _away(failure):
                        raise _broken(failure) from failure
                await anyio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311  it only spreads the load
                pause = min(2 * pause, LONGEST_PAUSE)
        raise _broken(error) from error

    async def patiently(self, step: Callable[[bool], Awaitable[T]]) -> T:
        """Do a step, and wait for Redis to come back when it is away. Raises BrokerError when that takes too long."""
        # Many may wait for a connection while Redis answers nothing: nobody does for longer than this.
        until = anyio.current_time() + self.timeout + self._patience
        error: Exception | None = None
        pause = FIRST_PAUSE
        while True:
            began = anyio.current_time()
            try:
                with anyio.fail_after(max(0.0, until - began)):
                    async with self._free:
                        with anyio.fail_after(self.timeout):
                            return await step(error is not None)
            except (RedisError, OSError) as failure:  # a TimeoutError is an OSError
                now = anyio.current_time()
                until = min(until, now + self._patience) if error is None else until
                error = failure
                if now >= until or not (_away(failure) or _full(failure)):
                    raise _broken(failure) from failure
            with anyio.move_on_at(until):
                await anyio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311
                pause = min(2 * pause, LONGEST_PAUSE)
                await self._back(began)

    async def _back(self, began: float) -> None:
        """Wait until Redis answers again. Of all that wait only one asks."""
        pause = FIRST_PAUSE
        async with self._asking:
            while self._answered <= began:
                try:
                    async with self._free:
                        await self.client.ping()
                    self._answered = anyio.current_time()
                except (RedisError, OSError) as failure:
                    if not _away(failure):
                        return  # the step itself will tell
                    await anyio.sleep(pause)
                    pause = min(2 * pause, LONGEST_PAUSE)

    async def check(self) -> None:
        """Whether this is a server that can do what is asked of it. Raises BrokerError."""
        told = await self.promptly(lambda _: self.client.info("server"))
        version = str(told.get("redis_version", "?"))
        if int(version.partition(".")[0]) < OLDEST:
            raise BrokerError(f"Redis {OLDEST} or newer is needed, and this is {version}")

    def another(self) -> Any:
        """A connection beside those for requests, which is the caller's to open and to close."""
        make: Callable[[], Any] = self._pool.make_connection
        return make()

    async def close(self) -> None:
        """Close every connection."""
        await self.client.aclose()
        await self._pool.disconnect()


def _away(failure: Exception) -> bool:
    """Whether Redis may well answer when it is asked again."""
    if isinstance(failure, (AuthenticationError, AuthorizationError)):
        return False
    return isinstance(failure, (LostConnectionError, SlowError, BusyLoadingError, ReadOnlyError, OSError))


def _full(failure: Exception) -> bool:
    """Whether Redis does answer, but takes nothing at present: its memory or its disk is full."""
    return isinstance(failure, OutOfMemoryError) or (
        isinstance(failure, ResponseError) and str(failure).startswith(("MISCONF", "NOREPLICAS", "MASTERDOWN"))
    )


def _broken(failure: Exception | None) -> BrokerError:
    if failure is None:
        return BrokerError("Redis did not answer in time")
    return BrokerError(f"Redis cannot be used: {failure or type(failure).__name__}")
