"""Takes tasks and runs them, some at a time, until told to stop."""

import os
import secrets
import socket
from typing import Any

import anyio
import structlog

from streamcontract.services.tasks.brokers.broker import Broker, BrokerError
from streamcontract.services.tasks.runner import Runner
from streamcontract.services.tasks.task import Lease

__all__ = ["Workers"]

WAIT = 5.0
"""Seconds for which a task is waited for at a time."""
PAUSE = 1.0
"""Seconds after which a broker that does not answer is asked again."""

log: Any = structlog.get_logger("streamcontract.tasks")


class Workers:
    """`slots` tasks at a time. When `run` is cancelled, what still runs is given back."""

    def __init__(self, broker: Broker, runner: Runner, slots: int) -> None:
        self._broker, self._runner, self._slots = broker, runner, slots
        self._stopping = False
        self._waiting: set[anyio.CancelScope] = set()
        self._ended = anyio.Event()
        self.name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"

    async def run(self) -> None:
        """Work until `drain` is called, or this is cancelled."""
        try:
            async with anyio.create_task_group() as tasks:
                for _ in range(self._slots):
                    tasks.start_soon(self._work)
        finally:
            self._ended.set()

    async def drain(self, seconds: float) -> None:
        """Take nothing more, and give what runs so long to end."""
        self._stopping = True
        for scope in self._waiting:
            scope.cancel()
        if running := sum(self._runner.running.values()):
            log.info("tasks still run, and may end", tasks=running, seconds=seconds)
        with anyio.move_on_after(seconds):
            await self._ended.wait()

    async def _work(self) -> None:
        while not self._stopping:
            try:
                lease = await self._taken()
                if lease is not None:
                    await self._runner.run(lease)
            except BrokerError as error:
                log.warning("the broker does not answer", why=str(error))
                await anyio.sleep(PAUSE)
            except Exception:
                log.exception("a worker failed, and goes on")
                await anyio.sleep(PAUSE)

    async def _taken(self) -> Lease | None:
        """The next task, unless this is to stop; one that was given to us meanwhile is not lost."""
        lease = None
        with anyio.CancelScope() as scope:
            self._waiting.add(scope)
            try:
                lease = await self._broker.take(self.name, WAIT)
            finally:
                self._waiting.discard(scope)
        return lease
