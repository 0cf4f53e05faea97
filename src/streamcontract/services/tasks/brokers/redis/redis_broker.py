"""The broker of any number of processes."""

import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import anyio
import msgspec

from streamcontract.services.tasks.brokers.broker import (
    Limits,
    LostError,
    Refusal,
    RefusedError,
    SessionState,
    UnknownError,
    View,
)
from streamcontract.services.tasks.brokers.endings import UNREADABLE
from streamcontract.services.tasks.brokers.prediction import LONGEST_BACKOFF_MS, UNMEASURED
from streamcontract.services.tasks.brokers.redis.connection import Connection
from streamcontract.services.tasks.brokers.redis.listener import Listener
from streamcontract.services.tasks.brokers.redis.scripts import Scripts
from streamcontract.services.tasks.task import (
    TERMINAL,
    Admission,
    Budgets,
    Entry,
    Key,
    Lease,
    Standing,
    Task,
)

__all__ = ["RedisBroker"]

PAGE = 128
"""Entries of a log that are read at a time."""
LONGEST_DEADLINE = 10**12
"""In milliseconds, some 30 years: what is longer is not kept apart."""


class RedisBroker:
    """Any number of these share one queue, in this process and in others. See `Broker`."""

    def __init__(self, connection: Connection, namespace: str, limits: Limits) -> None:
        self._limits = limits
        self._connection = connection
        self._scripts = Scripts(connection.client, namespace, limits)
        self._listener = Listener(connection, f"{namespace}:", self._lasts)

    @classmethod
    @asynccontextmanager
    async def running(
        cls,
        url: str,
        limits: Limits,
        *,
        namespace: str = "tasks",
        timeout: float = 10.0,  # noqa: ASYNC109 - of each command later, and not of this
        patience: float = 30.0,
    ) -> AsyncIterator["RedisBroker"]:
        """A broker on a server. A client's request, and any command, may take so long; workers and readers wait for the
        server to come back for as long as their patience lasts. Raises BrokerError.
        """
        connection = Connection(url, timeout, patience)
        try:
            await connection.check()
            broker = cls(connection, namespace, limits)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(broker._listener.listen)
                tasks.start_soon(broker._listener.look)
                yield broker
                tasks.cancel_scope.cancel()
        finally:
            with anyio.CancelScope(shield=True):
                await connection.close()

    async def admit(self, task: Task) -> Admission:
        """See `Broker`."""
        limits, budgets, asked = self._limits, self._limits.budgets, task.request
        body, deadline = msgspec.json.encode(task).decode(), min(asked.deadline_ms, LONGEST_DEADLINE)
        said = await self._promptly(
            "admit",
            *(task.key, task.session, body, task.rank, asked.max_tokens, deadline, _nonce()),
            *(limits.capacity, limits.policy),
            *(budgets.tokens, budgets.time_ms, repr(budgets.cost), repr(limits.cost_per_token)),
            *(round(UNMEASURED * 1000), LONGEST_BACKOFF_MS),
        )
        if said[0]:
            why, after, start, *for_good = said
            raise RefusedError(Refusal(why), retriable=for_good != [1], retry_after_ms=after, predicted_start_ms=start)
        return Admission(said[1], said[2], said[3], self._left(said[4], said[5]))

    async def cancel(self, key: Key) -> None:
        """See `Broker`."""
        if not await self._promptly("cancel", key):
            raise UnknownError(key)

    async def view(self, key: Key) -> View:
        """See `Broker`."""
        last, ended, tokens, time, _ = await self._viewed(key)
        return View(last, bool(ended), self._left(tokens, time))

    async def follow(self, key: Key, after: int) -> AsyncGenerator[Sequence[Entry], None]:
        """See `Broker`."""
        with self._listener.following(key, after) as reader:
            while True:
                reader.look()
                page = await self._patiently("read", key, reader.after, PAGE)
                match page:
                    case 0:
                        await reader.wait()
                    case 1:
                        return
                    case -1:
                        raise UnknownError(key)
                    case _:
                        entries = [Entry(int(id_.partition("-")[0]), event[1], event[3]) for id_, event in page]
                        reader.after = entries[-1].number
                        yield entries
                        if entries[-1].symbol in TERMINAL:
                            return

    async def session(self, key: Key) -> SessionState:
        """See `Broker`."""
        found = await self._promptly("session", key)
        if not found:
            raise UnknownError(key)
        ttl, turns, tokens, time = found
        return SessionState(ttl, turns, tokens > 0, self._left(tokens, time))

    async def forget(self, key: Key) -> None:
        """See `Broker`."""

        async def step(again: bool) -> bool:
            # Done again, it is not there any more.
            return bool(await self._scripts.run("forget", key)) or again

        if not await self._connection.promptly(step):
            raise UnknownError(key)

    async def take(self, worker: str, seconds: float) -> Lease | None:
        """See `Broker`."""
        until, over = anyio.current_time() + seconds, False
        while True:
            calls = self._listener.calls
            said = await self._taken(worker)
            if len(said) > 1:
                self._listener.call()  # there may be another one, for the next that waits
                key, body, turn, last, left, warm = said
                try:
                    task = msgspec.json.decode(body, type=Task)
                except msgspec.DecodeError:
                    await self._patiently("finish", key, worker, turn, last, _nonce(), *UNREADABLE)
                    continue
                return Lease(task, worker, turn, left / 1000, bool(warm), last)
            if not said:
                if over:
                    return None
                await self._listener.work(calls, until - anyio.current_time())
                over = anyio.current_time() >= until
                if over and self._listener.calls == calls:
                    return None

    async def renew(self, lease: Lease) -> None:
        """See `Broker`."""
        await self._held("renew", lease, self._limits.slots)

    async def write(self, lease: Lease, events: Sequence[tuple[str, str]], tokens: int) -> None:
        """See `Broker`."""
        await self._held("write", lease, _nonce(), tokens, *(text for event in events for text in event))
        lease.last += len(events)

    async def finish(self, lease: Lease, event: tuple[str, str] | None = None) -> None:
        """See `Broker`."""
        await self._held("finish", lease, _nonce(), *(event or ("", "")))

    async def release(self, lease: Lease) -> None:
        """See `Broker`. It is no error when the task is not this worker's any more."""
        await self._patiently("release", lease.task.key, lease.worker, lease.turn, lease.last)

    async def standing(self, key: Key) -> Standing:
        """See `Broker`."""
        _, _, tokens, time, depth = await self._viewed(key)
        return Standing(depth, self._left(tokens, time))

    async def sweep(self) -> None:
        """See `Broker`."""
        while await self._promptly("sweep"):
            pass  # there is more to do than one step does

    async def depth(self) -> int:
        """See `Broker`."""
        depth: int = await self._promptly("depth")
        return depth

    async def ping(self) -> None:
        """See `Broker`."""
        await self._connection.promptly(lambda _: self._connection.client.ping())

    # ------------------------------------------------------------------------------------------------------------------

    async def _promptly(self, name: str, *arguments: str | int) -> Any:
        return await self._connection.promptly(lambda _: self._scripts.run(name, *arguments))

    async def _patiently(self, name: str, *arguments: str | int) -> Any:
        return await self._connection.patiently(lambda _: self._scripts.run(name, *arguments))

    async def _held(self, name: str, lease: Lease, *arguments: str | int) -> None:
        if not await self._patiently(name, lease.task.key, lease.worker, lease.turn, lease.last, *arguments):
            raise LostError(lease.task.key)

    async def _viewed(self, key: Key) -> tuple[int, int, int, int, int]:
        found = await self._promptly("view", key)
        if not found:
            raise UnknownError(key)
        return tuple(found)

    async def _taken(self, worker: str) -> list[Any]:
        nonce = _nonce()

        async def step(again: bool) -> Any:
            # Whoever is cancelled meanwhile still gets what was taken, and has to give it back.
            with anyio.fail_after(self._connection.timeout, shield=True):
                return await self._scripts.run("take", worker, self._limits.slots, nonce, int(again))

        said: list[Any] = await self._connection.patiently(step)
        return said

    async def _lasts(self, keys: Sequence[str]) -> Sequence[int]:
        lasts: Sequence[int] = await self._scripts.run("lasts", *keys)
        return lasts

    def _left(self, tokens: int, time: int) -> Budgets:
        whole, price = self._limits.budgets, self._limits.cost_per_token
        return Budgets(
            max(0, whole.tokens - tokens),
            max(0, whole.time_ms - time),
            max(0.0, round(whole.cost - tokens * price, 9)),
        )


def _nonce() -> str:
    return secrets.token_hex(8)
