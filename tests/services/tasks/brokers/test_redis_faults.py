"""Redis goes away, comes back, or answers nothing."""

import signal
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import anyio
import anyio.to_thread
import pytest
from redis_server import RedisServer, missing_program, redis_server
from services.tasks.brokers.brokering import (
    codes,
    given,
    limits,
    log_of,
    names,
    new_task,
    run_whole,
    taken,
    token,
    until,
)

from streamcontract.services.tasks.brokers.broker import Broker, BrokerError, LostError
from streamcontract.services.tasks.brokers.opening import opened_broker
from streamcontract.services.tasks.settings import TasksSettings
from streamcontract.services.tasks.task import Entry, Lease, Task

TOKENS = 60
LEASE = 1.5
"""Seconds; twice that is longer than what is taken for a pause of everybody's."""


@pytest.fixture
def mortal() -> Iterator[RedisServer]:
    """A server with an append-only file, for a test that stops it."""
    if reason := missing_program():
        pytest.skip(reason)
    with redis_server(durable=True) as running:
        yield running


@pytest.fixture
def forgetful() -> Iterator[RedisServer]:
    """A server that comes back with what was saved last, for a test that kills it."""
    if reason := missing_program():
        pytest.skip(reason)
    with redis_server() as running:
        yield running


def settings_of(server: RedisServer, timeout: float, patience: float) -> TasksSettings:
    return TasksSettings(broker=server.url, broker_timeout=timeout, broker_patience=patience)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_readers_and_workers_wait_for_redis_and_lose_nothing(mortal: RedisServer, how: signal.Signals) -> None:
    async def go() -> None:
        async with opened_broker(settings_of(mortal, 5, 30), limits()) as broker:
            task, waiting = await given(broker, max_tokens=TOKENS), await given(broker)
            read, other = await taken(broker), await taken(broker)
            await broker.release(other)
            gone = anyio.Event()
            logs: dict[str, list[Entry]] = {}
            with anyio.fail_after(60):
                async with anyio.create_task_group() as tasks:
                    for followed in (task, waiting):
                        tasks.start_soon(follow, broker, followed, logs.setdefault(followed.key, []))
                    tasks.start_soon(restart, logs[task.key], gone)
                    tasks.start_soon(write, broker, read, gone)
                    await gone.wait()
                    again = await taken(broker)
                    await run_whole(broker, again)
                    assert (again.task, again.turn) == (waiting, 2)
            assert names(logs[task.key]) == ["started", *["token"] * TOKENS, "end"]
            assert [entry.data for entry in logs[task.key][1:-1]] == [token(number)[1] for number in range(TOKENS)]
            assert names(logs[waiting.key]) == ["started", "token", "token", "end"]
            assert (await broker.session(task.session)).budgets.tokens == limits().budgets.tokens - TOKENS

    async def follow(broker: Broker, task: Task, log: list[Entry]) -> None:
        async for page in broker.follow(task.key, 0):
            log += page

    async def write(broker: Broker, lease: Lease, gone: anyio.Event) -> None:
        for number in range(TOKENS):
            if number == TOKENS // 2:
                await gone.wait()
            await broker.write(lease, [token(number)], 1)
            await broker.renew(lease)
        await broker.finish(lease)

    async def restart(log: list[Entry], gone: anyio.Event) -> None:
        await until(lambda: seen(log, TOKENS // 3))
        await anyio.to_thread.run_sync(mortal.stop, how)
        gone.set()
        await anyio.sleep(0.5)  # so long it is away
        await anyio.to_thread.run_sync(mortal.start)

    anyio.run(go)


@pytest.mark.parametrize("hung", [False, True])
def test_redis_that_was_away_for_longer_than_a_lease_has_lost_no_worker(mortal: RedisServer, hung: bool) -> None:
    async def go() -> None:
        async with opened_broker(settings_of(mortal, 10, 30), limits(lease=LEASE)) as broker:
            tasks = [await given(broker) for _ in range(2)]
            leases = [await taken(broker, name) for name in ("a", "b")]
            for lease in leases:
                await broker.write(lease, [token(0)], 1)
            (mortal.pause if hung else mortal.stop)()
            await anyio.sleep(2 * LEASE)  # the time itself is what is tested
            (mortal.go_on if hung else mortal.start)()
            await broker.sweep()
            assert [(await broker.view(task.key)).ended for task in tasks] == [False, False]
            with anyio.move_on_after(2 * LEASE):
                while True:
                    await broker.sweep()
                    await broker.renew(leases[0])
                    await anyio.sleep(0.1)
            await broker.finish(leases[0])
            assert [codes(await log_of(broker, task)) for task in tasks] == [("end", ""), ("error", "WORKER_RESET")]

    anyio.run(go)


@pytest.mark.parametrize("step", ["renew", "write", "finish", "release"])
def test_a_task_of_whose_log_redis_has_lost_a_part_ends_without_a_hole(forgetful: RedisServer, step: str) -> None:
    async def go() -> None:
        async with opened_broker(settings_of(forgetful, 5, 30), limits()) as broker:
            task = await given(broker)
            lease = await taken(broker)
            await broker.write(lease, [token(0)], 1)
            with forgetful.client() as client:
                client.save()
            await broker.write(lease, [token(1), token(2)], 2)
            forgetful.stop(signal.SIGKILL)
            forgetful.start()
            if step == "release":
                await broker.release(lease)
            else:
                with pytest.raises(LostError):
                    await PATIENT[step](broker, lease)
            entries = await log_of(broker, task)
            assert names(entries) == ["started", "token", "error"]
            assert codes(entries) == ("error", "WORKER_RESET")

    anyio.run(go)


async def seen(found: list[Any], number: int) -> bool:
    return len(found) >= number


Step = Callable[[Broker, Lease], Awaitable[Any]]


async def followed(broker: Broker, lease: Lease) -> None:
    await log_of(broker, lease.task)


PATIENT: dict[str, Step] = {
    "take": lambda broker, _: broker.take("w", 0),
    "write": lambda broker, lease: broker.write(lease, [token(0)], 1),
    "renew": lambda broker, lease: broker.renew(lease),
    "finish": lambda broker, lease: broker.finish(lease),
    "release": lambda broker, lease: broker.release(lease),
    "follow": followed,
}


PROMPT: dict[str, Step] = {
    "admit": lambda broker, _: broker.admit(new_task()),
    "cancel": lambda broker, lease: broker.cancel(lease.task.key),
    "view": lambda broker, lease: broker.view(lease.task.key),
    "standing": lambda broker, lease: broker.standing(lease.task.key),
    "session": lambda broker, lease: broker.session(lease.task.session),
    "forget": lambda broker, lease: broker.forget(lease.task.session),
    "sweep": lambda broker, _: broker.sweep(),
    "depth": lambda broker, _: broker.depth(),
    "ping": lambda broker, _: broker.ping(),
}


@pytest.mark.parametrize("hung", [False, True])
def test_patience_and_time_are_bounded(mortal: RedisServer, hung: bool) -> None:
    async def timed(broker: Broker, lease: Lease, step: Step, bounds: tuple[float, float]) -> None:
        began = anyio.current_time()
        with pytest.raises(BrokerError):
            await step(broker, lease)
        assert bounds[0] - 0.1 <= anyio.current_time() - began <= bounds[1] + 2

    async def go() -> None:
        async with opened_broker(settings_of(mortal, timeout=0.5, patience=1.5), limits()) as broker:
            await given(broker)
            lease = await taken(broker)
            (mortal.pause if hung else mortal.stop)()
            async with anyio.create_task_group() as tasks:
                for step in PATIENT.values():
                    # The first try may take its time, and a last one may begin just before the patience is over.
                    tasks.start_soon(timed, broker, lease, step, (1.5, 0.5 + 1.5 + 0.5))
                for step in PROMPT.values():
                    tasks.start_soon(timed, broker, lease, step, (0.5, 0.5))
            if hung:
                mortal.go_on()
            else:
                mortal.start()
            await until(lambda: answers(broker))
            await run_whole(broker, lease)
            assert names(await log_of(broker, lease.task))[-1] == "end"

    async def answers(broker: Broker) -> bool:
        try:
            await broker.ping()
        except BrokerError:
            return False
        return True

    anyio.run(go)


def test_redis_that_is_not_there_at_the_start_is_an_error(mortal: RedisServer) -> None:
    async def go() -> None:
        mortal.stop()
        with pytest.raises(BrokerError):
            async with opened_broker(settings_of(mortal, 0.5, 0.5), limits()):
                pass

    anyio.run(go)


def test_a_listener_that_was_cut_off_listens_again(server: RedisServer, redis_settings: TasksSettings) -> None:
    async def go() -> None:
        async with opened_broker(redis_settings, limits()) as broker:
            task = await given(broker)
            entries: list[Entry] = []

            async def read() -> None:
                async for page in broker.follow(task.key, 0):
                    entries.extend(page)

            with server.client() as client, anyio.fail_after(30):
                async with anyio.create_task_group() as readers:
                    readers.start_soon(read)
                    lease = await taken(broker)
                    for number in range(3):
                        client.client_kill_filter(_type="pubsub")
                        await broker.write(lease, [token(number)], 1)
                        await until(lambda: seen(entries, number + 2))  # noqa: B023
                    await broker.finish(lease)
                channel = f"{redis_settings.namespace}:wake"
                await until(lambda: heard(client, channel))
            assert names(entries) == ["started", *["token"] * 3, "end"]

    async def heard(client: Any, channel: str) -> bool:
        return bool(client.pubsub_numsub(channel) == [(channel, 1)])

    anyio.run(go)
