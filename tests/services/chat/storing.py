"""The store of a test's database, and bare connections to it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from streamcontract.services.chat.store.engine import make_engine
from streamcontract.services.chat.store.migrate import migrate
from streamcontract.services.chat.store.store import Store

__all__ = ["connected", "migrated", "stored"]


@asynccontextmanager
async def connected(database: str) -> AsyncIterator[AsyncConnection]:
    """A transaction in the database."""
    engine = make_engine(database, connections=1, seconds=10)
    try:
        async with engine.begin() as connection:
            yield connection
    finally:
        await engine.dispose()


@asynccontextmanager
async def stored(database: str, **limits: Any) -> AsyncIterator[Store]:
    """A store on a database that is up to date."""
    given = {"seconds": 10.0, "messages": 1000, "size": 100_000, **limits}
    engine = make_engine(database, connections=10, seconds=given["seconds"])
    try:
        yield Store(engine, **given)
    finally:
        await engine.dispose()


@asynccontextmanager
async def migrated(database: str, **limits: Any) -> AsyncIterator[Store]:
    """A store on a database that is empty so far."""
    await migrate(database)
    async with stored(database, **limits) as store:
        yield store
