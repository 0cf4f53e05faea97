"""Brings a database to the tables of this version. Every process does so at its start; one at a time, the rest wait."""

from pathlib import Path

import anyio
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, text

from streamcontract.services.chat.store.engine import make_engine

__all__ = ["MigrationError", "configuration", "migrate"]

MIGRATIONS = Path(__file__).parent / "migrations"
SECONDS = 600.0
LOCK = 7_308_895_158_453_202_276
"""Any number will do, as long as no other program that locks in this database uses it."""


class MigrationError(Exception):
    """The database cannot be brought to the tables of this version."""


async def migrate(url: str, revision: str = "head") -> None:
    """Run what is missing, in one transaction. Raises MigrationError, SQLAlchemyError, OSError or TimeoutError."""
    engine = make_engine(url, connections=1, seconds=SECONDS)
    try:
        with anyio.fail_after(SECONDS):
            async with engine.begin() as connection:  # on SQLite this is the lock already
                if engine.dialect.name == "postgresql":
                    await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
                await connection.run_sync(_upgrade, revision)
    finally:
        await engine.dispose()


def configuration(connection: Connection) -> Config:
    """What Alembic needs to know."""
    made = Config(attributes={"connection": connection})
    made.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return made


def _upgrade(connection: Connection, revision: str) -> None:
    try:
        command.upgrade(configuration(connection), revision)
    except CommandError as error:
        raise MigrationError(f"the database is of another version: {error}") from error
