"""The connections to the database: SQLite by default, PostgreSQL in production."""

import sqlite3
from typing import Any

from sqlalchemy import URL, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

__all__ = ["database_url", "make_engine", "read_only_options"]

DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}


def database_url(text: str) -> URL:
    """The URL with the driver that is used for its kind of database. Raises ValueError, without what it may hold."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):  # the latter for a port that is no number
        raise ValueError("it is not a database's URL, such as sqlite:///chat.db") from None
    kind = url.drivername.partition("+")[0]
    if kind not in DRIVERS:
        raise ValueError(f"{kind} is not supported; there is: sqlite, postgresql")
    if kind == "sqlite" and url.database in (None, "", ":memory:"):
        raise ValueError(
            "SQLite needs a file, such as sqlite:///chat.db: each connection would have a memory of its own"
        )
    return url.set(drivername=DRIVERS[kind])


def make_engine(url: str, *, connections: int, seconds: float) -> AsyncEngine:
    """An engine; nothing is connected yet. `seconds` bounds the wait for a connection, and for SQLite's lock."""
    parsed = database_url(url)
    is_sqlite = parsed.get_backend_name() == "sqlite"
    engine = create_async_engine(
        parsed,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=seconds,
        pool_pre_ping=not is_sqlite,  # a server may have been restarted, or have dropped an idle connection
        connect_args={"timeout": seconds},  # SQLite: for a lock; PostgreSQL: to connect
    )
    if is_sqlite:
        event.listen(engine.sync_engine, "do_connect", _try_sqlite)
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


def read_only_options(engine: AsyncEngine) -> dict[str, Any]:
    """Execution options of a connection that only reads; all its queries see the database at one moment."""
    return {"read_only": True} if engine.dialect.name == "sqlite" else {"isolation_level": "REPEATABLE READ"}


def _try_sqlite(dialect: Any, record: Any, arguments: tuple[Any, ...], options: dict[str, Any]) -> None:
    """A file that cannot be opened fails here, where no thread is begun.

    When aiosqlite (0.22) fails to connect, its thread answers later, perhaps to an event loop that is closed by then.
    """
    sqlite3.connect(*arguments, **options).close()


def _prepare_sqlite(connection: Any, _: Any) -> None:
    """Transactions are begun by us; readers do not wait for a writer (WAL); a commit is on the disk (FULL)."""
    connection.isolation_level = None
    cursor = connection.cursor()
    try:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
    finally:
        cursor.close()


def _begin_sqlite(connection: Any) -> None:
    """A transaction that will write takes its lock at once: one that read before could not wait for it."""
    read_only = connection.get_execution_options().get("read_only", False)
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
