"""What the handlers work with, from the start of the server to its end; and what a worker is."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import anyio
import structlog

from streamcontract.server import StartError
from streamcontract.services.tasks.brokers.broker import Broker, BrokerError
from streamcontract.services.tasks.brokers.opening import is_shared, limits_of, opened_broker
from streamcontract.services.tasks.engines.pools import Pools, make_pools
from streamcontract.services.tasks.feeds import Feeds
from streamcontract.services.tasks.runner import Runner
from streamcontract.services.tasks.settings import TasksSettings
from streamcontract.services.tasks.workers import Workers

__all__ = ["Service", "running", "working"]

SWEEP = 0.25
"""Seconds between two looks for what is late or lost."""

log: Any = structlog.get_logger("streamcontract.tasks")


@dataclass(slots=True, eq=False)
class Service:
    """The broker, what reads from it, and the pools by name; `readers` counts the streams that are open."""

    settings: TasksSettings
    broker: Broker
    feeds: Feeds
    pools: Pools
    readers: int = 0


@asynccontextmanager
async def running(settings: TasksSettings) -> AsyncIterator[Service]:
    """What a server needs; with a broker of its own, it also runs the tasks. Raises StartError."""
    slots = 0 if is_shared(settings) else settings.concurrency
    try:
        async with (
            _pools(settings) as pools,
            opened_broker(settings, limits_of(settings, slots)) as broker,
            anyio.create_task_group() as tasks,
        ):
            tasks.start_soon(_keep_house, broker)
            log.info("tasks are ready", pools=pools.mode, runs_tasks=slots > 0)
            async with _workers(settings, broker, pools) if slots else nullcontext():
                yield Service(settings, broker, Feeds(broker, tasks), pools)
            tasks.cancel_scope.cancel()
    except BrokerError as error:
        raise StartError(str(error)) from error


@asynccontextmanager
async def working(settings: TasksSettings) -> AsyncIterator[Workers]:
    """A worker that takes tasks from a shared broker until the end of the block. Raises BrokerError."""
    async with (
        _pools(settings) as pools,
        opened_broker(settings, limits_of(settings, settings.concurrency)) as broker,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(_keep_house, broker)
        async with _workers(settings, broker, pools) as workers:
            log.info("a worker is ready", pools=pools.mode, name=workers.name)
            yield workers
        tasks.cancel_scope.cancel()


@asynccontextmanager
async def _pools(settings: TasksSettings) -> AsyncIterator[Pools]:
    pools = make_pools(settings)
    try:
        yield pools
    finally:
        await pools.close()


@asynccontextmanager
async def _workers(settings: TasksSettings, broker: Broker, pools: Pools) -> AsyncIterator[Workers]:
    """Workers that run meanwhile; afterwards what runs has a while to end, and is then given back."""
    runner = Runner(broker, pools, lease=settings.lease_seconds, metrics=settings.metrics_seconds)
    workers = Workers(broker, runner, settings.concurrency)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(workers.run)
        yield workers
        await workers.drain(settings.drain_seconds)
        tasks.cancel_scope.cancel()


async def _keep_house(broker: Broker) -> None:
    answered = True
    while True:
        await anyio.sleep(SWEEP)
        try:
            await broker.sweep()
            answered = True
        except BrokerError as error:
            if answered:
                log.warning("the broker does not answer", why=str(error))
            answered = False
