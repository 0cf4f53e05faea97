"""One task is run: an engine's tokens go into its log, with figures between them, until something ends it."""

import time
from collections.abc import Mapping
from contextlib import aclosing, suppress
from enum import Enum
from functools import partial
from typing import Any

import anyio
import structlog
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from streamcontract.server.cancelling import was_cancelled
from streamcontract.server.problems import new_reference, wrapped
from streamcontract.services.tasks.brokers.broker import Broker, BrokerError, LostError, UnknownError
from streamcontract.services.tasks.brokers.endings import OVERDUE
from streamcontract.services.tasks.engines.engine import EngineError
from streamcontract.services.tasks.engines.pools import Pool, Pools, PoolUnavailableError
from streamcontract.services.tasks.pace import Pace
from streamcontract.services.tasks.task import Lease, encoded, failed
from streamcontract.services.tasks.types import Metrics, Token

__all__ = ["Runner"]

AHEAD = 256
"""Tokens that an engine may be ahead of the log; then it waits."""
NOTICE = 0.5
"""Seconds after which a worker knows that its task was cancelled, even while its engine is silent."""
PARTING = 2.0
"""Seconds in which a worker that is to stop at once may still say so of its task; else the lease does that."""


class Mark(Enum):
    """What comes between tokens on the way to the log."""

    FIGURES = "figures"
    """Here the figures of the task are to be told."""
    WHOLE = "whole"
    """The engine has ended."""


Send = MemoryObjectSendStream[str | Mark]
Receive = MemoryObjectReceiveStream[str | Mark]

log: Any = structlog.get_logger("streamcontract.tasks")


class Runner:
    """Runs tasks, one or many at a time. `running` counts them by pool."""

    def __init__(self, broker: Broker, pools: Pools, *, lease: float, metrics: float) -> None:
        self._broker, self._pools, self._metrics = broker, pools, metrics
        self._notice = min(NOTICE, lease / 4)
        self._running: dict[str, int] = {}

    @property
    def running(self) -> Mapping[str, int]:
        """How many tasks run on each pool, by this process."""
        return self._running

    async def run(self, lease: Lease) -> None:
        """Run a task to its end, or until it is not ours any more. When this is cancelled, it is given back."""
        parting = partial(self._broker.release, lease)
        try:
            event = await self._ending(lease)
            parting = partial(self._broker.finish, lease, event)  # it has ended; only that has to be written
            await parting()
        except LostError:
            log.info("the task is over", task=lease.task.key)
        except BrokerError as error:
            log.error("the task is given up, as the broker does not answer", task=lease.task.key, why=str(error))
        except anyio.get_cancelled_exc_class():
            with anyio.move_on_after(PARTING, shield=True), suppress(BrokerError, LostError):
                await parting()
            raise

    async def _ending(self, lease: Lease) -> tuple[str, str] | None:
        """Do the work. Returns the event of a failure; None: it is whole. Raises LostError and BrokerError."""
        asked = lease.task.request
        with anyio.move_on_after(max(0.0, lease.seconds)):
            try:
                pool = self._pools.choose(asked, self._running)
                await self._work(lease, pool)
            except PoolUnavailableError as error:
                return failed("POOL_UNAVAILABLE", str(error), asked.engine, retriable=True)
            except EngineError as error:
                log.warning("the engine failed", task=lease.task.key, code=error.code, why=str(error)[:2000])
                after = error.retry_after_ms
                return failed(error.code, error.message, asked.engine, retriable=error.retriable, retry_after_ms=after)
            except (LostError, BrokerError):
                raise
            except Exception:
                reference = new_reference()
                log.exception("the task failed", task=lease.task.key, reference=reference)
                return failed("INTERNAL", f"Internal error. Reference: {reference}", asked.engine)
            return None
        return OVERDUE

    async def _work(self, lease: Lease, pool: Pool) -> None:
        """Raises what ends the work early, after all tokens that came before it were logged."""
        faults: list[Exception] = []
        self._running[pool.id] = self._running.get(pool.id, 0) + 1
        try:
            async with anyio.create_task_group() as tasks:
                send, receive = anyio.create_memory_object_stream[str | Mark](AHEAD)
                tasks.start_soon(self._keep, lease, faults, tasks.cancel_scope)
                tasks.start_soon(self._measure, send)
                tasks.start_soon(self._pull, lease, pool, send, faults)
                with send, receive:
                    await self._push(lease, receive, faults)
                    tasks.cancel_scope.cancel()  # before these are closed, as somebody may wait in them
        finally:
            self._running[pool.id] -= 1
        if faults:
            raise faults[0]

    async def _keep(self, lease: Lease, faults: list[Exception], scope: anyio.CancelScope) -> None:
        """Say that the worker is alive, and see whether the task still is."""
        try:
            while True:
                await anyio.sleep(self._notice)
                await self._broker.renew(lease)
        except (LostError, BrokerError) as error:
            faults.insert(0, error)
            scope.cancel()

    async def _measure(self, send: Send) -> None:
        """Ask for figures now and then."""
        while True:
            await send.send(Mark.FIGURES)
            await anyio.sleep(self._metrics)

    async def _pull(self, lease: Lease, pool: Pool, send: Send, faults: list[Exception]) -> None:
        """From the engine. What it raises is kept until its tokens are logged."""
        left = lease.task.request.max_tokens
        try:
            async with aclosing(pool.engine.tokens(lease.task.job)) as tokens:
                async for token in tokens:
                    await send.send(token)
                    left -= 1
                    if not left:
                        break
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a panic in an extension, a task that a library has given up
            if was_cancelled(error):
                raise
            faults.append(wrapped(error))
        await send.send(Mark.WHOLE)

    async def _push(self, lease: Lease, receive: Receive, faults: list[Exception]) -> None:
        """Into the log, as many at a time as there are."""
        pace = Pace.of(lease, time.monotonic())
        items: list[str | Mark] = []
        try:
            while Mark.WHOLE not in items:
                items = await _several(receive)
                before = pace.tokens
                events = [event for item in items if (event := await self._event(item, lease, pace))]
                if events:
                    await self._broker.write(lease, events, pace.tokens - before)
        except (LostError, BrokerError, UnknownError) as error:
            faults.insert(0, LostError() if isinstance(error, UnknownError) else error)

    async def _event(self, item: str | Mark, lease: Lease, pace: Pace) -> tuple[str, str] | None:
        match item:
            case str():
                number = pace.tokens
                pace.note(time.monotonic())
                return "token", encoded(Token(item, number))
            case Mark.FIGURES:
                with suppress(BrokerError):  # a broker that is away for a moment is waited for with what matters
                    return "metrics", await self._figures(lease, pace)
                return None
            case Mark.WHOLE:
                return None

    async def _figures(self, lease: Lease, pace: Pace) -> str:
        standing = await self._broker.standing(lease.task.key)
        left = standing.budgets
        return encoded(
            Metrics(
                queue_depth=standing.depth,
                on_time_probability=pace.on_time(time.monotonic()),
                kv_warmth=lease.warm,
                tokens_budget_remaining=left.tokens,
                time_budget_remaining_ms=left.time_ms,
                cost_budget_remaining=left.cost,
            )
        )


async def _several(receive: Receive) -> list[str | Mark]:
    """What is there; waits until there is something."""
    items = [await receive.receive()]
    with suppress(anyio.WouldBlock):
        while len(items) < AHEAD:
            items.append(receive.receive_nowait())
    return items
