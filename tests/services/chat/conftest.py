"""Every test that asks for `database` runs over SQLite and over PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from databases import Postgres, missing_programs, postgres


@pytest.fixture(scope="session")
def server() -> Iterator[Postgres]:
    """A PostgreSQL server for all tests."""
    if reason := missing_programs():
        pytest.skip(reason)
    with postgres() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'chat.db'}"
        return
    running: Postgres = request.getfixturevalue("server")
    with running.database() as url:
        yield url
