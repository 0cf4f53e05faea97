"""Work in worker processes: what ends it, and what does not."""

import signal
import time
from collections.abc import Callable
from typing import Any

import anyio
import pytest
from served import eventually
from worker_processes import PROC, workers

from streamcontract.services.workers import in_process, limiter


def called(function: Callable[..., Any], *arguments: Any) -> Any:
    """What comes of a call in a worker of its own."""

    async def call() -> Any:
        return await in_process(limiter("tests", 1), function, *arguments)

    return anyio.run(call)


class Interrupting:
    """An argument on whose way into the worker SIGINT comes."""

    def __reduce__(self) -> tuple[Any, ...]:
        return signal.raise_signal, (signal.SIGINT,)


def test_a_worker_works_on_when_ctrl_c_comes() -> None:
    assert called(signal.raise_signal, signal.SIGINT) is None


def test_ctrl_c_before_the_work_has_begun_ends_nothing() -> None:
    assert called(print, Interrupting()) is None


@pytest.mark.parametrize("name", ["KeyboardInterrupt", "SystemExit"])
def test_work_that_would_end_the_process_breaks_only_its_call(name: str) -> None:
    with pytest.raises(anyio.BrokenWorkerProcess, match=name):
        called(exec, f"raise {name}")


def test_a_call_that_takes_too_long_is_given_up() -> None:
    async def call() -> None:
        await in_process(limiter("tests", 1), abs, 1)
        await in_process(limiter("tests", 1), time.sleep, 3600.0, seconds=0.1)

    with pytest.raises(TimeoutError):
        anyio.run(call)


def test_the_wait_for_a_free_worker_does_not_count() -> None:
    ended = []

    async def call(bound: anyio.CapacityLimiter) -> None:
        with pytest.raises(TimeoutError):
            await in_process(bound, time.sleep, 3600.0, seconds=0.01)
        ended.append(bound.borrowed_tokens)

    async def wait() -> None:
        bound = limiter("tests", 1)
        await in_process(bound, abs, 1)  # the worker has started, and waits
        async with anyio.create_task_group() as group, bound:
            group.start_soon(call, bound)
            await anyio.sleep(0.1)
            assert not ended
            assert bound.statistics().tasks_waiting == 1
        assert ended == [0]

    anyio.run(wait)


@PROC
def test_who_goes_away_while_a_worker_starts_leaves_no_process() -> None:
    before = workers()

    async def go_away() -> None:
        with anyio.move_on_after(0.01):
            await in_process(limiter("tests", 1), time.sleep, 3600.0)

    anyio.run(go_away)
    eventually(lambda: not workers() - before)
