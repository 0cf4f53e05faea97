"""The embedded broker's file, and what becomes of others when a step of theirs fails."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from pydantic import ValidationError
from services.tasks.brokers.brokering import given, limits, new_task, over, taken
from sqlalchemy import Connection, update
from structlog.testing import capture_logs

from streamcontract.services.tasks.brokers.broker import BrokerError, Limits
from streamcontract.services.tasks.brokers.embedded import keeping
from streamcontract.services.tasks.brokers.embedded.embedded_broker import EmbeddedBroker
from streamcontract.services.tasks.brokers.embedded.tables import TASKS
from streamcontract.services.tasks.settings import TasksSettings

Run = Callable[..., Any]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a test with a broker on a file."""

    def opened(limits: Limits) -> Any:
        return EmbeddedBroker.running(f"sqlite:///{tmp_path}/tasks.db", limits)

    return lambda test, **changed: over(opened, test, **changed)


def test_a_step_that_fails_fails_alone(run: Run) -> None:
    async def test(broker: EmbeddedBroker) -> None:
        failed = []
        tasks = [new_task() for _ in range(10)]

        async def fail() -> None:
            try:
                await broker._journal.do(fault)
            except BrokerError as error:
                failed.append(str(error))

        def fault(connection: Connection) -> None:
            connection.execute(update(TASKS).values(tokens=99))
            raise ZeroDivisionError("a fault of ours")

        with capture_logs() as logs:
            async with anyio.create_task_group() as group:
                for task in tasks:
                    group.start_soon(broker.admit, task)
                group.start_soon(fail)
                group.start_soon(broker.admit, new_task())
        assert failed == ["a fault of ours"]
        assert [log["event"] for log in logs] == ["a step on the file of tasks failed"]
        assert await broker.depth() == 11
        leases = [await taken(broker) for _ in tasks]
        assert [lease.task for lease in leases] == tasks
        await broker.release(leases[0])
        assert await broker.depth() == 2  # it has no token: what the step had done is undone

    run(test)


def test_a_file_that_cannot_be_written_is_told_once_until_it_can(run: Run) -> None:
    async def test(broker: EmbeddedBroker) -> None:
        assert broker._journal._connection is not None
        driver: Any = broker._journal._connection.connection.driver_connection
        await broker.ping()
        driver.execute("PRAGMA query_only = ON")
        with capture_logs() as logs:
            for _ in range(3):
                for asked in (broker.ping(), broker.admit(new_task())):
                    with pytest.raises(BrokerError, match="readonly"):
                        await asked
        assert [log["event"] for log in logs] == ["the file of tasks cannot be written"]
        assert "exc_info" not in logs[0]
        driver.execute("PRAGMA query_only = OFF")
        with capture_logs() as logs:
            await broker.ping()
            await broker.ping()
        assert [log["event"] for log in logs] == ["the file of tasks can be written again"]

    run(test)


@pytest.mark.parametrize("name", ["a?b.db", "a#b.db", "a%20b.db", "ü.db", "file:a.db"])
def test_the_file_is_called_as_the_setting_says(tmp_path: Path, name: str) -> None:
    settings = TasksSettings(broker=f"sqlite:///{tmp_path}/{name}")

    async def go() -> None:
        async with EmbeddedBroker.running(settings.broker, limits()) as broker:
            await given(broker)

    anyio.run(go)
    assert {path.name for path in tmp_path.iterdir()} == {name.replace("%20", " ")}


@pytest.mark.parametrize("url", ["sqlite:///:memory:", "sqlite:///%3Amemory%3A", "sqlite:///a%00b", "sqlite:///"])
def test_what_is_no_file_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="it is n"):
        TasksSettings(broker=url)


def test_what_fails_in_the_block_is_raised_as_it_is(run: Run) -> None:
    async def test(_: EmbeddedBroker) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(test)


def test_what_fails_at_the_start_is_a_broker_error(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fault(*_: Any) -> None:
        raise ZeroDivisionError("a fault of ours")

    monkeypatch.setattr(keeping.Keeping, "recover", fault)

    async def test(_: EmbeddedBroker) -> None:
        raise AssertionError("it was not opened")

    with pytest.raises(BrokerError, match="a fault of ours"):
        run(test)


def test_a_broker_that_is_closed_answers_so(run: Run) -> None:
    closed: list[EmbeddedBroker] = []

    async def test(broker: EmbeddedBroker) -> None:
        closed.append(broker)

    run(test)

    async def late() -> None:
        with anyio.fail_after(10), pytest.raises(BrokerError, match="closed"):
            await closed[0].depth()

    anyio.run(late)
