"""What is Redis's own: keys, connections, secrets."""

import traceback
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Any

import anyio
import pytest
from redis_server import PASSWORD, RedisServer
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

from streamcontract.services.tasks.brokers.broker import Broker, BrokerError, Limits, Refusal, RefusedError
from streamcontract.services.tasks.brokers.opening import opened_broker
from streamcontract.services.tasks.brokers.redis.connection import CONNECTIONS
from streamcontract.services.tasks.settings import TasksSettings
from streamcontract.services.tasks.task import Budgets, failed

DAY = 86_400_000


def brokering(settings: TasksSettings, test: Callable[[Broker], Awaitable[Any]], **changed: Any) -> Any:
    """Run this with a broker of these settings."""

    async def go() -> Any:
        with anyio.fail_after(120):
            async with opened_broker(settings, limits(**changed)) as broker:
                return await test(broker)

    return anyio.run(go)


def keys_of(server: RedisServer, settings: TasksSettings) -> dict[str, int]:
    """The keys of a namespace, and in how many milliseconds each expires."""
    with server.client() as client:
        return {key: client.pttl(key) for key in client.scan_iter(f"{settings.namespace}:*", count=1000)}


def test_no_key_lives_for_ever(server: RedisServer, redis_settings: TasksSettings) -> None:
    async def test(broker: Broker) -> None:
        def looked() -> None:
            found = keys_of(server, redis_settings)
            assert found
            assert not [key for key, left in found.items() if left == -1]

        await broker.take("w", 0)
        looked()
        tasks = [await given(broker, priority=name, deadline_ms=5000) for name in ("batch", "interactive") * 3]
        looked()
        leases = [await taken(broker) for _ in range(3)]
        looked()
        await run_whole(broker, leases[0])
        await broker.write(leases[1], [token(0)], 1)
        await broker.cancel(tasks[0].key)
        await broker.release(leases[2])
        looked()
        for _ in range(2):
            await broker.finish(await taken(broker), failed("INTERNAL", "no"))
        looked()
        with pytest.raises(RefusedError):
            await broker.admit(new_task(max_tokens=50_000, deadline_ms=10**15))
        figures = {f"{redis_settings.namespace}:{name}" for name in ("service", "beat")}
        await until(lambda: swept(broker, figures))
        assert all(0 < left <= DAY for left in keys_of(server, redis_settings).values())

    async def swept(broker: Broker, wanted: set[str]) -> bool:
        await broker.sweep()
        return keys_of(server, redis_settings).keys() <= wanted

    ends = {"lease": 2.0, "retention": 0.3, "session": 0.3}
    brokering(redis_settings, test, slots=8, budgets=Budgets(1000, 10**6, 1e6), **ends)


def test_a_task_that_may_take_for_ever_is_accepted(redis_settings: TasksSettings) -> None:
    async def test(broker: Broker) -> None:
        task = await given(broker, deadline_ms=9_007_199_254_740_991)
        lease = await taken(broker)
        assert lease.seconds > 10**8
        await run_whole(broker, lease)
        assert codes(await log_of(broker, task)) == ("end", "")

    brokering(redis_settings, test)


OWNERS = (
    "-",
    "0f",
    "*",
    "a b\r\nFLUSHALL\r\n",
    "{x}",
    "task:0f",
    "'..redis.call('flushall')..'",
    "é\u2028",
    "a/b",
    "\x00",
)


def test_keys_are_no_commands_and_do_not_mix(server: RedisServer, redis_settings: TasksSettings) -> None:
    async def test(broker: Broker) -> None:
        first = new_task()
        tasks = [new_task(owner, task_id=first.request.task_id, session=first.request.session_id) for owner in OWNERS]
        for task in tasks:
            await broker.admit(task)
        for task in tasks:
            lease = await taken(broker, task.key)
            assert lease.task == task
            await run_whole(broker, lease)
            assert names(await log_of(broker, task)) == ["started", "token", "token", "end"]
            assert (await broker.session(task.session)).turns == 1
        for task in tasks:
            await broker.forget(task.session)

    with server.client() as client:
        client.set("foreign", "untouched", px=60_000)
        brokering(redis_settings, test)
        assert client.get("foreign") == "untouched"
        assert not [key for key in client.scan_iter() if not key.startswith(("test-", "foreign"))]


def test_namespaces_do_not_mix(server: RedisServer, redis_settings: TasksSettings) -> None:
    other = redis_settings.model_copy(update={"namespace": redis_settings.namespace + "."})

    async def test(broker: Broker) -> None:
        await given(broker)
        async with opened_broker(other, limits()) as elsewhere:
            assert await elsewhere.depth() == 0
            assert await elsewhere.take("w", 0) is None

    brokering(redis_settings, test)


FOLLOWED = 1000


def test_a_thousand_readers_share_few_connections(server: RedisServer, redis_settings: TasksSettings) -> None:
    async def test(broker: Broker) -> None:
        tasks = [await given(broker) for _ in range(FOLLOWED)]
        begun = 0

        async def read(task: Any) -> None:
            nonlocal begun
            entries = []
            async with aclosing(broker.follow(task.key, 0)) as pages:
                async for page in pages:
                    begun += not entries
                    entries += page
            assert names(entries) == ["started", "token", "token", "end"]

        async def begins(number: int) -> bool:
            return begun == number

        with server.client() as client:
            async with anyio.create_task_group() as readers:
                for task in tasks:
                    readers.start_soon(read, task)
                leases = [await taken(broker) for _ in tasks]
                await until(lambda: begins(FOLLOWED), 60)
                assert client.info("clients")["connected_clients"] <= CONNECTIONS + 5
                channel = f"{redis_settings.namespace}:on:{tasks[0].key}"
                assert client.pubsub_numsub(channel) == [(channel, 1)]
                for lease in leases:
                    await run_whole(broker, lease)
            await until(lambda: unsubscribed(client, channel))

    async def unsubscribed(client: Any, channel: str) -> bool:
        return bool(client.pubsub_numsub(channel) == [(channel, 0)])

    brokering(redis_settings, test, capacity=FOLLOWED)


def test_a_lost_notification_costs_about_a_second(server: RedisServer, redis_settings: TasksSettings) -> None:
    async def test(broker: Broker) -> None:
        broker._listener.call = lambda: None  # type: ignore[method-assign]
        broker._listener._on = "nobody-tells"  # its readers are subscribed to what does not exist
        task = await given(broker)
        waits = []

        async def read() -> None:
            async for page in broker.follow(task.key, 0):
                waits.append(anyio.current_time() - written)
                assert page

        async with anyio.create_task_group() as readers:
            readers.start_soon(read)
            written = anyio.current_time()
            lease = await taken(broker)
            await until(lambda: seen(waits, 1))
            written = anyio.current_time()
            await broker.finish(lease)
        assert max(waits) < 5
        written = anyio.current_time()
        async with anyio.create_task_group() as workers:
            workers.start_soon(taken, broker)
            await given(broker)
        assert anyio.current_time() - written < 5

    async def seen(waits: list[float], number: int) -> bool:
        return len(waits) == number

    brokering(redis_settings, test)


def test_workers_do_not_ask_all_the_time(server: RedisServer, redis_settings: TasksSettings) -> None:
    async def test(broker: Broker) -> None:
        with server.client() as client:
            await until(lambda: listens(client))
            await broker.take("w", 0)
            async with anyio.create_task_group() as workers:
                before = client.info("commandstats")["cmdstat_evalsha"]["calls"]
                for number in range(20):
                    workers.start_soon(broker.take, f"w{number}", 2.0)
            calls = client.info("commandstats")["cmdstat_evalsha"]["calls"] - before
        assert 20 <= calls <= 20 + 15  # each asks once, and then all together about once a second

    async def listens(client: Any) -> bool:
        return bool(client.pubsub_numsub(f"{redis_settings.namespace}:wake")[0][1])

    brokering(redis_settings, test)


def test_a_task_that_cannot_be_read_is_ended(server: RedisServer, redis_settings: TasksSettings) -> None:
    async def test(broker: Broker) -> None:
        task, good = await given(broker), await given(broker)
        with server.client() as client:
            client.hset(f"{redis_settings.namespace}:task:{task.key}", "body", '{"of": "another version"}')
        assert (await taken(broker)).task == good
        assert codes(await log_of(broker, task)) == ("error", "INTERNAL")

    brokering(redis_settings, test)


def test_redis_forgets_the_scripts_and_is_told_again(server: RedisServer, redis_settings: TasksSettings) -> None:
    async def test(broker: Broker) -> None:
        task = await given(broker)
        with server.client() as client:
            for step in (lambda: taken(broker), lambda: broker.view(task.key), lambda: broker.cancel(task.key)):
                client.script_flush()
                await step()
        with pytest.raises(RefusedError) as caught:
            await broker.admit(task)
        assert caught.value.refusal is Refusal.EXISTS

    brokering(redis_settings, test)


@pytest.mark.parametrize(
    "url",
    [
        "redis://:{secret}@127.0.0.1:{port}/0",
        "redis://somebody:{secret}@127.0.0.1:{port}/0",
        "redis://:{secret}@127.0.0.1:1/0",
    ],
)
def test_no_error_shows_a_password(server: RedisServer, capsys: pytest.CaptureFixture[str], url: str) -> None:
    secret = "swordfish"
    settings = TasksSettings(broker=url.format(secret=secret, port=server.port), broker_timeout=0.5)

    async def test(broker: Broker) -> None:
        raise AssertionError("it must not open")

    with pytest.raises(BrokerError) as caught:
        brokering(settings, test)
    shown = "".join(traceback.format_exception(caught.value)) + repr(settings) + "".join(capsys.readouterr())
    assert secret not in shown
    assert PASSWORD not in shown
    assert len(str(caught.value)) > 20


def test_an_ill_named_database_is_an_error_at_once(server: RedisServer) -> None:
    async def go() -> None:
        settings = TasksSettings(broker=server.url.replace("/0", "/99"), broker_timeout=5)
        began = anyio.current_time()
        with pytest.raises(BrokerError):
            async with opened_broker(settings, limits()):
                pass
        assert anyio.current_time() - began < 4

    anyio.run(go)


def test_limits_may_differ_between_processes(redis_settings: TasksSettings) -> None:
    async def test(broker: Broker) -> None:
        fewer: Limits = limits(capacity=1)
        async with opened_broker(redis_settings, fewer) as other:
            await given(broker)
            with pytest.raises(RefusedError):
                await given(other)
            await given(broker)

    brokering(redis_settings, test)
