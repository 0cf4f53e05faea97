"""Workers in processes of their own: each task is run by one of them, whatever becomes of the others."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest
from services.tasks.brokers.brokering import codes, given, limits, log_of, names, run_whole, taken, until
from services.tasks.brokers.puppet import LEASE

from streamcontract.services.tasks.brokers.broker import Broker
from streamcontract.services.tasks.brokers.opening import opened_broker
from streamcontract.services.tasks.settings import TasksSettings

HERE = Path(__file__).parent
TESTS = HERE.parents[2]
TASKS = 60


class Worker:
    """A process that does what it is told."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    async def say(self, line: str) -> str:
        """Tell it something; returns its answer."""
        self.send(line)
        return await self.answer()

    def send(self, line: str) -> None:
        """Tell it something."""
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    async def answer(self) -> str:
        """What it says to that."""
        assert self.process.stdout is not None
        line: str = await anyio.to_thread.run_sync(self.process.stdout.readline)
        assert line, "the worker has ended"
        return line.strip()


@contextlib.contextmanager
def worker(settings: TasksSettings, name: str) -> Iterator[Worker]:
    """A worker in a process of its own; it is ended by its process id."""
    environment = {"TASKS_BROKER": settings.broker, "TASKS_NAMESPACE": settings.namespace, "PYTHONPATH": str(TESTS)}
    process = subprocess.Popen(
        [sys.executable, HERE / "puppet.py", name],
        env={**os.environ, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Worker(process)
    finally:
        process.kill()
        process.communicate(timeout=30)


def working(settings: TasksSettings, test: Callable[[Broker, Worker, Worker], Awaitable[Any]]) -> None:
    """Run this with a broker and two workers that are ready."""

    async def go() -> None:
        with anyio.fail_after(120):
            async with opened_broker(settings, limits(lease=LEASE)) as broker:
                with worker(settings, "a") as one, worker(settings, "b") as two:
                    assert await one.answer() == await two.answer() == "ready"
                    await test(broker, one, two)

    anyio.run(go)


def test_two_processes_run_each_task_once(redis_settings: TasksSettings) -> None:
    async def test(broker: Broker, one: Worker, two: Worker) -> None:
        tasks = [await given(broker) for _ in range(TASKS // 2)]
        for each in (one, two):
            each.send("work")
        tasks += [await given(broker) for _ in range(TASKS - len(tasks))]
        done = [(await each.answer()).split() for each in (one, two)]
        assert all(done)
        assert sorted(done[0] + done[1]) == sorted(task.key for task in tasks)
        for task in tasks:
            assert names(await log_of(broker, task)) == ["started", *["token"] * 3, "end"]

    working(redis_settings, test)


@pytest.mark.parametrize("tokens", [0, 1])
def test_the_task_of_a_process_that_was_killed_goes_to_another_or_ends(
    redis_settings: TasksSettings, tokens: int
) -> None:
    async def test(broker: Broker, one: Worker, two: Worker) -> None:
        task = await given(broker)
        assert await one.say("take 10") == "ok"
        for number in range(tokens):
            assert await one.say(f"write {number}") == "ok"
        one.process.kill()
        if tokens:
            two.send("take 5")
            entries = await log_of(broker, task)
            assert names(entries) == ["started", "token", "error"]
            assert codes(entries) == ("error", "WORKER_RESET")
            assert await two.answer() == "nothing"
        else:
            assert await two.say("take 20") == "ok"
            assert await two.say("write 0") == "ok"
            assert await two.say("finish") == "ok"
            assert names(await log_of(broker, task)) == ["started", "token", "end"]

    working(redis_settings, test)


def test_a_process_that_slept_too_long_is_refused(redis_settings: TasksSettings) -> None:
    async def test(broker: Broker, one: Worker, two: Worker) -> None:
        task, other = await given(broker), await given(broker)
        assert await one.say("take 10") == "ok"
        assert await one.say("renew") == "ok"
        one.process.send_signal(signal.SIGSTOP)
        await until(lambda: waits(broker, 2))
        lease = await taken(broker)
        assert (lease.task, lease.turn) == (task, 2)
        one.process.send_signal(signal.SIGCONT)
        assert [await one.say(line) for line in ("renew", "write 0", "finish")] == ["lost"] * 3
        await run_whole(broker, lease)
        assert names(await log_of(broker, task)) == ["started", "token", "token", "end"]
        assert await one.say("take 10") == "ok"
        assert [await one.say(line) for line in ("write 0", "finish")] == ["ok"] * 2
        assert names(await log_of(broker, other)) == ["started", "token", "end"]
        assert await two.say("take 0") == "nothing"

    async def waits(broker: Broker, tasks: int) -> bool:
        await broker.sweep()
        return await broker.depth() == tasks

    working(redis_settings, test)
