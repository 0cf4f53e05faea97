"""What is the embedded broker's own: what it reads and writes at a time, and its clock."""

import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import anyio
import pytest
from services.tasks.brokers.brokering import codes, given, log_of, names, over, taken, token
from sqlalchemy import Connection, event, func, select, update

from streamcontract.services.tasks.brokers.broker import Limits
from streamcontract.services.tasks.brokers.embedded import embedded_broker, keeping
from streamcontract.services.tasks.brokers.embedded.embedded_broker import EmbeddedBroker
from streamcontract.services.tasks.brokers.embedded.tables import ASKED, ENTRIES, TASKS

Run = Callable[..., Any]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "tasks.db"


@pytest.fixture
def run(file: Path) -> Run:
    """Runs a test with a broker on the file."""

    def opened(limits: Limits) -> Any:
        return EmbeddedBroker.running(f"sqlite:///{file}", limits)

    return lambda test, **changed: over(opened, test, **changed)


def test_what_was_asked_is_not_written_again_with_each_step(run: Run, file: Path) -> None:
    async def test(broker: EmbeddedBroker) -> None:
        await given(broker, prompt="x" * 600_000)
        log = file.with_name("tasks.db-wal")
        before = log.stat().st_size
        lease = await taken(broker)
        await broker.write(lease, [token(0)], 1)
        await broker.renew(lease)
        assert len(lease.task.job.prompt) == 600_000
        assert log.stat().st_size - before < 200_000

    run(test)


def test_what_was_asked_is_dropped_when_a_task_ends(run: Run) -> None:
    async def test(broker: EmbeddedBroker) -> None:
        for _ in range(2):
            await given(broker)
        await broker.finish(await taken(broker))
        assert await rows(broker, ASKED) == 1
        await broker.cancel((await given(broker)).key)
        assert await rows(broker, ASKED) == 1

    run(test)


async def rows(broker: EmbeddedBroker, table: Any) -> int:
    count = select(func.count()).select_from(table)
    return await broker._journal.do(lambda connection: connection.execute(count).scalar_one())


def move_clock(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Set the broker's clock, as seen from the real one."""
    monkeypatch.setattr(embedded_broker, "time", SimpleNamespace(time=lambda: time.time() + seconds))


def test_a_process_that_slept_loses_no_task(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(broker: EmbeddedBroker) -> None:
        task = await given(broker, deadline_ms=10**10)
        lease = await taken(broker)
        await broker.write(lease, [token(0)], 1)
        await broker.sweep()
        move_clock(monkeypatch, 3600)
        await broker.sweep()
        await broker.write(lease, [token(1)], 1)
        await broker.sweep()
        await broker.finish(lease)
        assert names(await log_of(broker, task)) == ["started", "token", "token", "end"]

    run(test)


def test_a_lost_worker_is_found_though_the_clock_was_set_back(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(broker: EmbeddedBroker) -> None:
        await given(broker, deadline_ms=10**10)
        await taken(broker)
        await broker.sweep()
        for seconds in (0, 10, 20):
            move_clock(monkeypatch, seconds - 3600)
            await broker.sweep()
            assert await broker.depth() == 0
        move_clock(monkeypatch, 31 - 3600)
        await broker.sweep()
        assert await broker.depth() == 1

    run(test, lease=30.0)


def test_a_task_that_cannot_be_read_ends_and_the_next_one_runs(run: Run) -> None:
    async def test(broker: EmbeddedBroker) -> None:
        broken, whole = await given(broker), await given(broker)

        def spoil(connection: Connection) -> None:
            number = select(TASKS.c.number).where(TASKS.c.key == broken.key).scalar_subquery()
            connection.execute(update(ASKED).where(ASKED.c.task == number).values(body=b'{"of": "another version"}'))

        await broker._journal.do(spoil)
        assert (await taken(broker)).task == whole
        entries = await log_of(broker, broken)
        assert names(entries) == ["started", "error"]
        assert codes(entries) == ("error", "INTERNAL")
        assert await broker.depth() == 0

    run(test)


def test_a_look_for_what_is_late_or_old_reads_nothing_else(run: Run) -> None:
    async def test(broker: EmbeddedBroker) -> None:
        asked: list[tuple[str, Any]] = []

        def note(_: Any, __: Any, statement: str, values: Any, *___: Any) -> None:
            asked.append((statement, values))

        assert broker._journal._engine is not None
        event.listen(broker._journal._engine, "before_cursor_execute", note)
        await broker.sweep()
        found = [one for one in asked if "WHERE" in one[0]]
        assert len(found) == 5

        def plan(connection: Connection) -> list[str]:
            plans = [connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values).all() for sql, values in found]
            return [row.detail for rows in plans for row in rows]

        steps = await broker._journal.do(plan)
        assert steps
        assert not [step for step in steps if step.startswith("SCAN")], steps
        assert [step for step in steps if "ended<?" in step], steps

    run(test)


def test_old_tasks_are_dropped_some_at_a_time(run: Run) -> None:
    async def test(broker: EmbeddedBroker) -> None:
        async with anyio.create_task_group() as group:
            for _ in range(keeping.BATCH + 3):
                group.start_soon(ended, broker)
        assert await rows(broker, TASKS) == keeping.BATCH + 3
        await broker.sweep()
        assert await rows(broker, TASKS) == 3
        await broker.sweep()
        assert (await rows(broker, TASKS), await rows(broker, ENTRIES)) == (0, 0)

    async def ended(broker: EmbeddedBroker) -> None:
        await broker.cancel((await given(broker)).key)

    run(test, capacity=1000, retention=0.0)
