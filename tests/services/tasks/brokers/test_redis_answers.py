"""The answer of Redis is lost, to a request that it has done."""

from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest
from redis_server import RedisServer
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
)
from services.tasks.brokers.losing import Between, between

from streamcontract.services.tasks.brokers.broker import Broker, UnknownError
from streamcontract.services.tasks.brokers.opening import opened_broker
from streamcontract.services.tasks.settings import TasksSettings
from streamcontract.services.tasks.task import Entry


def losing(server: RedisServer, settings: TasksSettings, test: Callable[[Broker, Between], Awaitable[Any]]) -> None:
    """Run this with a broker that has Redis behind somebody who loses answers."""

    async def go() -> None:
        with anyio.fail_after(60):
            async with between(server.port) as proxy:
                changed = settings.model_copy(update={"broker": server.url_at(proxy.port)})
                async with opened_broker(changed, limits()) as broker:
                    await test(broker, proxy)

    anyio.run(go)


def test_what_was_done_is_not_done_again_when_its_answer_is_lost(
    server: RedisServer, redis_settings: TasksSettings
) -> None:
    async def test(broker: Broker, proxy: Between) -> None:
        async def lost(step: Awaitable[Any]) -> Any:
            proxy.lose, before = 1, proxy.lost
            result = await step
            assert proxy.lost == before + 1
            return result

        # Every script is known to Redis first: a request that it refuses would be one that was not done.
        warm = await given(broker)
        await broker.release(await taken(broker))
        lease = await taken(broker)
        await broker.renew(lease)
        await run_whole(broker, lease)
        await broker.cancel(warm.key)
        await broker.forget(warm.session)

        tasks = [new_task() for _ in range(3)]
        for number, task in enumerate(tasks):
            assert (await lost(broker.admit(task))).queue_position == number
        assert await broker.depth() == 3
        lease = await lost(broker.take("w", 0))
        assert (lease.task, lease.turn) == (tasks[0], 1)
        assert await broker.depth() == 2
        for number in range(3):
            await lost(broker.write(lease, [token(number), ("metrics", "{}")], 1))
        await lost(broker.renew(lease))
        await lost(broker.finish(lease))
        assert names(await log_of(broker, tasks[0])) == ["started", *["token", "metrics"] * 3, "end"]
        assert (await broker.session(tasks[0].session)).budgets.tokens == limits().budgets.tokens - 3

        lease = await taken(broker)
        await lost(broker.release(lease))
        again = await taken(broker)
        assert (again.task, again.turn) == (lease.task, 2)
        await lost(broker.cancel(tasks[2].key))
        assert codes(await log_of(broker, tasks[2])) == ("end", "canceled")
        await lost(broker.forget(tasks[2].session))
        with pytest.raises(UnknownError):
            await broker.session(tasks[2].session)

    losing(server, redis_settings, test)


def test_a_reader_whose_page_is_lost_reads_it_again(server: RedisServer, redis_settings: TasksSettings) -> None:
    async def test(broker: Broker, proxy: Between) -> None:
        task = await given(broker, max_tokens=500)
        await run_whole(broker, await taken(broker), 500)
        entries: list[Entry] = []
        async for page in broker.follow(task.key, 0):
            entries += page
            proxy.lose = 1
        assert names(entries) == ["started", *["token"] * 500, "end"]
        assert proxy.lost >= 3

    losing(server, redis_settings, test)
