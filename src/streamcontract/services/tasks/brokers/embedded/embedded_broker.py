"""The broker of one process."""

import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar
from weakref import WeakValueDictionary

import anyio
from sqlalchemy import Connection

from streamcontract.services.tasks.brokers.broker import Limits, SessionState, View
from streamcontract.services.tasks.brokers.embedded.journal import Journal
from streamcontract.services.tasks.brokers.embedded.keeping import Keeping
from streamcontract.services.tasks.brokers.embedded.sessions import budgets_of, forget, session_state
from streamcontract.services.tasks.brokers.embedded.steps import Steps
from streamcontract.services.tasks.brokers.embedded.tables import State
from streamcontract.services.tasks.task import TERMINAL, Admission, Entry, Key, Lease, Standing, Task

__all__ = ["EmbeddedBroker"]

Result = TypeVar("Result")


class _Bell:
    """Rings once, when a log has grown; lives as long as somebody listens."""

    def __init__(self) -> None:
        self.rung = anyio.Event()


class EmbeddedBroker:
    """Holds everything in one SQLite file, which no other process may use. See `Broker`."""

    def __init__(self, journal: Journal, steps: Steps) -> None:
        self.limits = steps.limits
        self._journal, self._steps, self._keeping = journal, steps, Keeping(steps)
        self._bells: WeakValueDictionary[Key, _Bell] = WeakValueDictionary()
        self._arrived = anyio.Event()

    @classmethod
    @asynccontextmanager
    async def running(cls, url: str, limits: Limits) -> AsyncIterator["EmbeddedBroker"]:
        """A broker on a file, `sqlite:///FILE`. Raises BrokerError."""
        steps = Steps(limits)
        journal = Journal(url, lambda: broker._tell())  # noqa: PLW0108 - made in the next line
        broker = cls(journal, steps)
        fault: Exception | None = None
        await journal.open()
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(journal.run)
                try:
                    await broker._do(broker._keeping.recover)
                    yield broker
                except Exception as error:  # not through the group, which would wrap it
                    fault = error
                tasks.cancel_scope.cancel()
        finally:
            await journal.close()
        if fault is not None:
            raise fault

    # For clients -----------------------------------------------------------------------------------------------------

    async def admit(self, task: Task) -> Admission:
        """See `Broker`."""
        return await self._do(lambda connection, now: self._steps.admit(connection, task, now))

    async def cancel(self, key: Key) -> None:
        """See `Broker`."""
        await self._do(lambda connection, now: self._steps.cancel(connection, key, now))

    async def view(self, key: Key) -> View:
        """See `Broker`."""

        def step(connection: Connection, now: float) -> View:
            row = self._steps.row(connection, key)
            budgets = budgets_of(connection, self.limits, row.session, now)
            return View(row.last, row.state == State.ENDED, budgets)

        return await self._do(step)

    async def follow(self, key: Key, after: int) -> AsyncGenerator[Sequence[Entry], None]:
        """See `Broker`."""
        while True:
            bell = self._bells.get(key) or _Bell()
            self._bells[key] = bell  # before the look, so that nothing is missed behind it
            entries, whole = await self._page(key, after)
            if entries:
                yield entries
                after = entries[-1].number
            if whole or (entries and entries[-1].symbol in TERMINAL):
                return
            if not entries:
                await bell.rung.wait()

    async def _page(self, key: Key, after: int) -> tuple[list[Entry], bool]:
        return await self._do(lambda connection, _: self._steps.page(connection, key, after))

    async def session(self, key: Key) -> SessionState:
        """See `Broker`."""
        return await self._do(lambda connection, now: session_state(connection, self.limits, key, now))

    async def forget(self, key: Key) -> None:
        """See `Broker`."""
        await self._do(lambda connection, now: forget(connection, self.limits, key, now))

    # For workers -----------------------------------------------------------------------------------------------------

    async def take(self, worker: str, seconds: float) -> Lease | None:
        """See `Broker`."""
        until = anyio.current_time() + seconds
        while True:
            arrived = self._arrived
            with anyio.CancelScope(shield=True):  # what was taken is given to whoever asked
                lease = await self._do(lambda connection, now: self._steps.take(connection, worker, now))
            if lease is not None or anyio.current_time() >= until:
                return lease
            with anyio.move_on_after(until - anyio.current_time()):
                await arrived.wait()

    async def renew(self, lease: Lease) -> None:
        """See `Broker`."""
        await self._do(lambda connection, now: self._steps.renew(connection, lease, now))

    async def write(self, lease: Lease, events: Sequence[tuple[str, str]], tokens: int) -> None:
        """See `Broker`."""
        await self._do(lambda connection, now: self._steps.write(connection, lease, events, tokens, now))

    async def finish(self, lease: Lease, event: tuple[str, str] | None = None) -> None:
        """See `Broker`."""
        await self._do(lambda connection, now: self._steps.finish(connection, lease, event, now))

    async def release(self, lease: Lease) -> None:
        """See `Broker`."""
        await self._do(lambda connection, now: self._steps.release(connection, lease, now))

    async def standing(self, key: Key) -> Standing:
        """See `Broker`."""

        def step(connection: Connection, now: float) -> Standing:
            row = self._steps.row(connection, key)
            return Standing(self._steps.depth(connection), budgets_of(connection, self.limits, row.session, now))

        return await self._do(step)

    # For whoever keeps house -----------------------------------------------------------------------------------------

    async def sweep(self) -> None:
        """See `Broker`."""
        await self._do(self._keeping.sweep)

    async def depth(self) -> int:
        """See `Broker`."""
        return await self._do(lambda connection, _: self._steps.depth(connection))

    async def ping(self) -> None:
        """See `Broker`."""
        await self._do(self._steps.ping)

    async def _do(self, step: Callable[[Connection, float], Result]) -> Result:
        return await self._journal.do(lambda connection: step(connection, time.time()))

    def _tell(self) -> None:
        """Wake those who wait for what was just done."""
        for key in self._steps.changed:
            if bell := self._bells.pop(key, None):
                bell.rung.set()
        self._steps.changed.clear()
        if self._steps.arrived:
            self._steps.arrived = False
            self._arrived.set()
            self._arrived = anyio.Event()
