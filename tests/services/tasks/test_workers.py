"""What takes tasks and runs them: it stops when it is told to, and nothing else ends it."""

from collections.abc import AsyncGenerator, Awaitable, Callable

import anyio
import anyio.abc
import anyio.lowlevel
import msgspec
import pytest
from services.tasks.made_broker import MadeBroker
from services.tasks.tasking import Script, Scripted, asking, saying, scripted_pools
from structlog.testing import capture_logs

from streamcontract.services.tasks import workers as workers_module
from streamcontract.services.tasks.brokers.broker import BrokerError
from streamcontract.services.tasks.engines.engine import Job
from streamcontract.services.tasks.runner import Runner
from streamcontract.services.tasks.task import Lease, Task
from streamcontract.services.tasks.types import TaskRequest
from streamcontract.services.tasks.workers import Workers

SLOTS = 3
Body = Callable[[MadeBroker, Workers, anyio.abc.TaskGroup], Awaitable[None]]


@pytest.fixture(autouse=True)
def _no_long_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers_module, "WAIT", 0.01)


def leases(count: int) -> list[Lease]:
    request = msgspec.convert(asking(), TaskRequest)
    return [Lease(Task(f"-/{number}", "-/session", request), "worker", 1, 600.0) for number in range(count)]


def with_workers(script: Script, tasks: int, body: Body) -> tuple[MadeBroker, Scripted]:
    """Run something beside workers; they have ended when it has."""
    broker, engine = MadeBroker(), Scripted(script)
    broker.leases = leases(tasks)

    async def main() -> None:
        with anyio.fail_after(20):
            runner = Runner(broker, scripted_pools(engine), lease=600, metrics=600)  # type: ignore[arg-type]
            workers = Workers(broker, runner, SLOTS)  # type: ignore[arg-type]
            async with anyio.create_task_group() as group:
                group.start_soon(workers.run)
                await body(broker, workers, group)
        assert set(runner.running.values()) <= {0}

    anyio.run(main)
    assert engine.ended == len(engine.asked)
    return broker, engine


async def all_done(broker: MadeBroker, count: int) -> None:
    while len(broker.finished) < count:
        await anyio.lowlevel.checkpoint()


async def forever(_: Job) -> AsyncGenerator[str, None]:
    await anyio.sleep_forever()
    yield ""


def test_every_task_is_run_though_there_are_more_than_slots() -> None:
    async def body(broker: MadeBroker, workers: Workers, _: anyio.abc.TaskGroup) -> None:
        await all_done(broker, 20)
        await workers.drain(5)

    broker, engine = with_workers(saying("a"), 20, body)
    assert len(engine.asked) == 20
    assert broker.finished == [None] * 20


def test_no_more_than_so_many_run_at_a_time() -> None:
    async def body(broker: MadeBroker, _: Workers, group: anyio.abc.TaskGroup) -> None:
        await anyio.wait_all_tasks_blocked()
        assert len(broker.leases) == 10 - SLOTS
        group.cancel_scope.cancel()

    broker, engine = with_workers(forever, 10, body)
    assert len(engine.asked) == broker.released == SLOTS


def test_what_runs_may_end_when_the_workers_are_told_to_stop_and_nothing_more_is_taken() -> None:
    go_on: list[anyio.Event] = []

    async def held(_: Job) -> AsyncGenerator[str, None]:
        go_on.append(anyio.Event())
        await go_on[-1].wait()
        yield "a"

    async def body(broker: MadeBroker, workers: Workers, group: anyio.abc.TaskGroup) -> None:
        await anyio.wait_all_tasks_blocked()
        group.start_soon(workers.drain, 10)
        await anyio.wait_all_tasks_blocked()
        for event in go_on:
            event.set()

    broker, engine = with_workers(held, 10, body)
    assert len(engine.asked) == SLOTS
    assert (broker.finished, broker.released) == ([None] * SLOTS, 0)


def test_what_still_runs_is_counted_in_the_log() -> None:
    async def body(_: MadeBroker, workers: Workers, group: anyio.abc.TaskGroup) -> None:
        await anyio.wait_all_tasks_blocked()
        await workers.drain(0.01)
        group.cancel_scope.cancel()

    with capture_logs() as said:
        with_workers(forever, SLOTS, body)
    assert [entry["tasks"] for entry in said if entry["event"].startswith("tasks still run")] == [SLOTS]


@pytest.mark.parametrize("second_stop", [False, True])
def test_what_does_not_end_in_time_is_given_back(second_stop: bool) -> None:
    async def body(_: MadeBroker, workers: Workers, group: anyio.abc.TaskGroup) -> None:
        await anyio.wait_all_tasks_blocked()
        if second_stop:
            group.start_soon(workers.drain, 3600)
            await anyio.wait_all_tasks_blocked()
        else:
            await workers.drain(0.01)
        group.cancel_scope.cancel()

    broker, _ = with_workers(forever, SLOTS, body)
    assert (broker.finished, broker.released) == ([], SLOTS)


def test_workers_without_anything_to_do_stop_soon() -> None:
    async def body(_: MadeBroker, workers: Workers, __: anyio.abc.TaskGroup) -> None:
        await workers.drain(3600)

    with_workers(forever, 0, body)


class PanicError(BaseException):
    """As an extension's panic is."""


@pytest.mark.parametrize("fault", [ValueError(), MemoryError(), SystemExit(1), PanicError(), GeneratorExit()])
def test_an_engine_that_raises_anything_ends_its_task_alone(fault: BaseException) -> None:
    async def script(_: Job) -> AsyncGenerator[str, None]:
        if len(engines_asked) < 3:
            engines_asked.append(None)
            raise fault
        yield "a"

    engines_asked: list[None] = []

    async def body(broker: MadeBroker, workers: Workers, _: anyio.abc.TaskGroup) -> None:
        await all_done(broker, 6)
        await workers.drain(5)

    broker, _ = with_workers(script, 6, body)
    assert [event is None for event in broker.finished].count(True) == 3


def test_workers_wait_for_a_broker_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers_module, "PAUSE", 0.01)

    async def body(broker: MadeBroker, workers: Workers, _: anyio.abc.TaskGroup) -> None:
        broker.fail(BrokerError("it does not answer"))
        await anyio.wait_all_tasks_blocked()
        broker.fault = None
        broker.leases = leases(5)
        broker.ring()
        await all_done(broker, 5)
        await workers.drain(5)

    broker, _ = with_workers(saying("a"), 0, body)
    assert broker.finished == [None] * 5
