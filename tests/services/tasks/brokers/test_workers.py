"""The laws that every broker keeps of those who run tasks: whose a task is, and until when."""

import anyio
import anyio.lowlevel
import pytest
from services.tasks.brokers.brokering import (
    Opening,
    codes,
    given,
    log_of,
    names,
    over,
    run_whole,
    taken,
    token,
    until,
)

from streamcontract.services.tasks.brokers.broker import Broker, LostError
from streamcontract.services.tasks.task import Task

LEASE = 1.0
"""Seconds, where a worker is to be lost."""


def test_a_worker_is_given_what_was_asked(opening: Opening) -> None:
    async def test(broker: Broker) -> None:
        task = await given(
            broker, prompt='Ünï\u2028\x01"\\', inputs=["a", ""], seed=7, kv_hint="reuse", deadline_ms=60_000
        )
        lease = await taken(broker, "somebody")
        assert lease.task == task
        assert (lease.worker, lease.warm) == ("somebody", False)
        assert 50 < lease.seconds <= 60

    over(opening, test)


@pytest.mark.parametrize("running", [False, True])
def test_a_deadline_ends_a_task(opening: Opening, running: bool) -> None:
    async def test(broker: Broker) -> None:
        task = await given(broker, deadline_ms=1500)
        lease = await taken(broker) if running else None
        if lease:
            await broker.write(lease, [token(0)], 1)
        await until(lambda: ended(broker, task))
        entries = await log_of(broker, task)
        assert names(entries) == ["started", *(["token"] if running else []), "error"]
        assert codes(entries) == ("error", "DEADLINE_UNMET")
        assert await broker.take("w", 0) is None
        assert await broker.depth() == 0
        if lease:
            with pytest.raises(LostError):
                await broker.write(lease, [token(1)], 1)

    over(opening, test)


async def ended(broker: Broker, task: Task) -> bool:
    await broker.sweep()
    return (await broker.view(task.key)).ended


def test_a_task_whose_worker_was_lost_before_its_first_token_waits_in_its_old_place(opening: Opening) -> None:
    async def test(broker: Broker) -> None:
        tasks = [await given(broker) for _ in range(3)]
        old = [await taken(broker, name) for name in ("a", "b")]
        await broker.write(old[0], [("metrics", "{}")], 0)
        await until(lambda: waiting(broker, 3))
        leases = [await taken(broker, "c") for _ in tasks]
        assert [lease.task for lease in leases] == tasks
        assert [lease.turn for lease in leases] == [2, 2, 1]
        for lease in old:
            with pytest.raises(LostError):
                await broker.write(lease, [token(0)], 1)
            with pytest.raises(LostError):
                await broker.renew(lease)
            await broker.release(lease)
        await run_whole(broker, leases[0], 1)
        assert names(await log_of(broker, tasks[0])) == ["started", "metrics", "token", "end"]

    over(opening, test, lease=LEASE)


async def waiting(broker: Broker, tasks: int) -> bool:
    await broker.sweep()
    return await broker.depth() == tasks


def test_a_task_whose_worker_was_lost_behind_its_first_token_ends(opening: Opening) -> None:
    async def test(broker: Broker) -> None:
        task = await given(broker)
        lease = await taken(broker)
        await broker.write(lease, [token(0)], 1)
        await until(lambda: ended(broker, task))
        entries = await log_of(broker, task)
        assert names(entries) == ["started", "token", "error"]
        assert codes(entries) == ("error", "WORKER_RESET")
        with pytest.raises(LostError):
            await broker.finish(lease)

    over(opening, test, lease=LEASE)


def test_a_worker_that_says_that_it_is_alive_keeps_its_task(opening: Opening) -> None:
    async def test(broker: Broker) -> None:
        await given(broker)
        lease = await taken(broker)
        for _ in range(10):
            await anyio.sleep(LEASE / 4)  # the time itself is what is tested
            await broker.renew(lease)
            await broker.sweep()
        assert await broker.take("w", 0) is None
        await run_whole(broker, lease)

    over(opening, test, lease=LEASE * 2)


@pytest.mark.parametrize("tokens", [0, 1])
def test_a_task_that_is_given_back_waits_again_or_ends(opening: Opening, tokens: int) -> None:
    async def test(broker: Broker) -> None:
        task = await given(broker)
        behind = await given(broker)
        lease = await taken(broker)
        await broker.write(lease, [token(0)] * tokens, tokens)
        await broker.release(lease)
        await broker.release(lease)
        again = await taken(broker)
        if tokens:
            assert codes(await log_of(broker, task)) == ("error", "WORKER_RESET")
            assert again.task == behind
        else:
            assert (again.task, again.turn, again.worker) == (task, 2, lease.worker)
            for late in (broker.write(lease, [token(0)], 1), broker.renew(lease), broker.finish(lease)):
                with pytest.raises(LostError):
                    await late
            await broker.release(lease)
            await broker.renew(again)

    over(opening, test)


def test_a_worker_waits_for_a_task(opening: Opening) -> None:
    async def test(broker: Broker) -> None:
        got = []

        async def work(name: str) -> None:
            got.append(await taken(broker, name))

        async with anyio.create_task_group() as workers:
            for number in range(5):
                workers.start_soon(work, f"w{number}")
            tasks = [await given(broker) for _ in range(5)]
        assert {lease.task.key for lease in got} == {task.key for task in tasks}
        began = anyio.current_time()
        assert await broker.take("w", 0.2) is None
        assert 0.15 < anyio.current_time() - began < 10

    over(opening, test)


def test_a_worker_that_is_cancelled_while_a_task_is_given_to_it_gets_it(opening: Opening) -> None:
    async def test(broker: Broker) -> None:
        given_out = 0
        for steps in range(20):
            task = await given(broker)
            lease = None
            with anyio.CancelScope() as scope:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(cancel_after, scope, steps)
                    lease = await broker.take("w", 30)
                    tasks.cancel_scope.cancel()
            if lease is None:
                assert await broker.depth() == 1
                lease = await taken(broker)
            else:
                given_out += 1
            assert (lease.task, lease.turn) == (task, 1)
            await broker.finish(lease)
        assert given_out

    async def cancel_after(scope: anyio.CancelScope, steps: int) -> None:
        for _ in range(steps):
            await anyio.lowlevel.checkpoint()
        scope.cancel()

    over(opening, test)
