"""One SQLite file, and one thread that works on it.

What waits at the same time shares one transaction, so that writing to the disk, which a commit waits for, is paid once
for all of it. A step is a function of the connection; it is done whole, for good, and seen by others when its caller
goes on, or not at all.
"""

import sqlite3
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar, cast
from urllib.parse import unquote

import anyio
import anyio.to_thread
import structlog
from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.pool import StaticPool

from streamcontract.services.tasks.brokers.broker import BrokerError, LostError, RefusedError, UnknownError
from streamcontract.services.tasks.brokers.embedded.tables import METADATA, VERSION

__all__ = ["Journal"]

BATCH = 256
"""Steps in one transaction: bounds how long the first of them waits for the last."""

ANSWERS = (LostError, RefusedError, UnknownError)
"""What a step may raise; what it has done before stands."""

CLOSED = "the broker is closed"

log: Any = structlog.get_logger("streamcontract.tasks")
Result = TypeVar("Result")
Step = Callable[[Connection], Result]


@dataclass(slots=True, eq=False)
class _Waiting(Generic[Result]):
    """A step, and then what came of it."""

    step: Step[Result]
    done: anyio.Event = field(default_factory=anyio.Event)
    dropped: bool = False
    result: Result | None = None
    error: BaseException | None = None

    def attempt(self, connection: Connection) -> None:
        """Do it, once more if need be."""
        self.error = None
        try:
            self.result = self.step(connection)
        except ANSWERS as error:
            self.error = error


class Journal:
    """Does steps on a file, one after the other. `run` is to run as long as steps are given.

    `committed` is called whenever some are done.
    """

    def __init__(self, url: str, committed: Callable[[], None]) -> None:
        self.path = _path(url)
        self._committed = committed
        self._engine: Engine | None = None
        self._connection: Connection | None = None
        self._waiting: deque[_Waiting[Any]] = deque()
        self._given = anyio.Event()
        self._thread = anyio.CapacityLimiter(1)
        self._stopped = False
        self._failing = False

    async def open(self) -> None:
        """Open the file, or make it. Raises BrokerError."""
        await anyio.to_thread.run_sync(self._open, limiter=self._thread)

    async def run(self) -> None:
        """Do what is given, until this is cancelled. What is given later is a BrokerError."""
        try:
            while True:
                await self._given.wait()
                self._given = anyio.Event()
                while self._waiting:
                    await self._next()
        finally:
            self._stopped = True
            for waiting in self._waiting:
                waiting.error = BrokerError(CLOSED)
                waiting.done.set()

    async def _next(self) -> None:
        batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
        kept = [waiting for waiting in batch if not waiting.dropped]
        with anyio.CancelScope(shield=True):  # what is begun is told to whoever waits for it
            await anyio.to_thread.run_sync(self._commit, kept, limiter=self._thread)
        self._committed()
        for waiting in kept:
            waiting.done.set()

    async def do(self, step: Step[Result]) -> Result:
        """What the step returns, once it is on the disk. Raises what it raises, and BrokerError."""
        if self._stopped:
            raise BrokerError(CLOSED)
        waiting = _Waiting(step)
        self._waiting.append(waiting)
        self._given.set()
        try:
            await waiting.done.wait()
        except BaseException:
            waiting.dropped = True
            raise
        if waiting.error is not None:
            raise waiting.error
        return cast("Result", waiting.result)

    async def close(self) -> None:
        """Close the file."""
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(self._close, limiter=self._thread)

    def _open(self) -> None:
        self._engine = create_engine(
            URL.create("sqlite", database=str(self.path)),
            poolclass=StaticPool,
            connect_args={"check_same_thread": False, "timeout": 1.0, "isolation_level": None},
        )
        event.listen(self._engine, "connect", _configure)
        event.listen(self._engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
        try:
            self._connection = self._engine.connect()
            with self._connection.begin():
                self._check_version(self._connection)
                METADATA.create_all(self._connection)
        except (DatabaseError, sqlite3.Error) as error:
            self._close()
            raise BrokerError(f"{self.path} cannot be used: {_reason(error)}") from error

    def _check_version(self, connection: Connection) -> None:
        found = connection.execute(text("PRAGMA user_version")).scalar_one()
        if found not in (0, VERSION):
            raise BrokerError(f"{self.path} is of another version ({found}, not {VERSION}); move it away")
        connection.execute(text(f"PRAGMA user_version = {VERSION}"))

    def _commit(self, batch: list[_Waiting[Any]]) -> None:
        """All in one transaction; where a step fails, each in one of its own, so that the others do not."""
        assert self._connection is not None  # noqa: S101 - opened before anything is given
        before = self._changes(self._connection)
        try:
            with self._connection.begin():
                for waiting in batch:
                    waiting.attempt(self._connection)
        except Exception as error:
            if len(batch) > 1 and not isinstance(error, OperationalError):
                for waiting in batch:
                    self._commit([waiting])
                return
            self._note(error)
            for waiting in batch:
                waiting.error = BrokerError(_reason(error))
        else:
            if self._failing and self._changes(self._connection) > before:
                self._failing = False
                log.info("the file of tasks can be written again", path=str(self.path))

    def _note(self, error: Exception) -> None:
        """A step's fault is logged each time, and the file's once, until something was written again."""
        if not isinstance(error, OperationalError):
            log.error("a step on the file of tasks failed", path=str(self.path), exc_info=error)
        elif not self._failing:
            self._failing = True
            log.error("the file of tasks cannot be written", path=str(self.path), why=_reason(error))

    def _changes(self, connection: Connection) -> int:
        driver: Any = connection.connection.driver_connection
        count: int = driver.total_changes
        return count

    def _close(self) -> None:
        if self._connection is not None:
            with suppress(DatabaseError):
                self._connection.close()
        if self._engine is not None:
            self._engine.dispose()


def _configure(connection: Any, _: Any) -> None:
    """As durable as SQLite is (https://www.sqlite.org/pragma.html#pragma_synchronous), and for this process alone."""
    for pragma in ("locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")


def _path(url: str) -> Path:
    return Path(unquote(url.removeprefix("sqlite:///")))


def _reason(error: Exception) -> str:
    reason = str(getattr(error, "orig", None) or error)
    if "locked" in reason:
        return "another process uses it; give each a file of its own, or let them share TASKS_BROKER=redis://…"
    return reason
