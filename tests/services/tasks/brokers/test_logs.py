"""The laws that every broker keeps of logs: what is in them, how they end, how they are read."""

import json
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from services.tasks.brokers.brokering import (
    Opening,
    codes,
    given,
    log_of,
    names,
    new_task,
    over,
    run_whole,
    taken,
    token,
    until,
)

from streamcontract.services.tasks.brokers.broker import Broker, LostError, UnknownError
from streamcontract.services.tasks.task import Task, failed


def test_a_log_is_what_was_written_and_its_end(opening: Opening) -> None:
    async def test(broker: Broker) -> None:
        task = new_task()
        admission = await broker.admit(task)
        lease = await taken(broker)
        await broker.write(lease, [token(0), ("metrics", "{}"), token(1)], 2)
        odd = '{"t":"é\u2028\\u0000","i":2}'
        await broker.write(lease, [("token", odd)], 1)
        assert (await broker.view(task.key)).last == 5
        await broker.finish(lease)
        entries = await log_of(broker, task)
        assert names(entries) == ["started", "token", "metrics", "token", "token", "end"]
        said = {"queue_position": admission.queue_position, "predicted_start_ms": admission.predicted_start_ms}
        assert json.loads(entries[0].data) == said
        assert [entry.data for entry in entries[1:5]] == [
            token(0)[1],
            "{}",
            token(1)[1],
            '{"t":"é\u2028\\u0000","i":2}',
        ]
        end = json.loads(entries[-1].data)
        assert end.keys() == {"tokens_out", "decode_ms"}
        assert end["tokens_out"] == 3
        view = await broker.view(task.key)
        assert (view.last, view.ended) == (6, True)

    over(opening, test)


@pytest.mark.parametrize("after", range(6))
def test_a_log_is_read_from_any_place(opening: Opening, after: int) -> None:
    async def test(broker: Broker) -> None:
        task = await given(broker)
        await run_whole(broker, await taken(broker), 3)
        whole = await log_of(broker, task)
        assert await log_of(broker, task, after) == whole[after:]

    over(opening, test)


def test_a_long_log_is_read_in_pages(opening: Opening) -> None:
    async def test(broker: Broker) -> None:
        task = await given(broker, max_tokens=2000)
        await run_whole(broker, await taken(broker), 2000)
        pages = [page async for page in broker.follow(task.key, 0)]
        assert max(len(page) for page in pages) <= 500
        entries = [entry for page in pages for entry in page]
        assert names(entries) == ["started", *["token"] * 2000, "end"]

    over(opening, test)


def test_readers_see_a_log_as_it_grows(opening: Opening) -> None:
    async def test(broker: Broker) -> None:
        task = await given(broker)
        logs: list[list[Any]] = [[], [], []]

        async def read(log: list[Any], after: int) -> None:
            async for page in broker.follow(task.key, after):
                log += page

        async with anyio.create_task_group() as readers:
            for log, after in zip(logs, (0, 0, 2), strict=True):
                readers.start_soon(read, log, after)
            lease = await taken(broker)
            for number in range(5):
                await broker.write(lease, [token(number)], 1)
                await until(lambda: seen(len(logs[0]) == number + 2))  # noqa: B023
            await broker.finish(lease)
        assert names(logs[0]) == ["started", *["token"] * 5, "end"]
        assert logs[1] == logs[0]
        assert logs[2] == logs[0][2:]

    async def seen(is_so: bool) -> bool:
        return is_so

    over(opening, test)


def test_a_waiting_task_that_is_cancelled_is_never_run(opening: Opening) -> None:
    async def test(broker: Broker) -> None:
        task = new_task()
        admission = await broker.admit(task)
        await broker.cancel(task.key)
        await broker.cancel(task.key)
        entries = await log_of(broker, task)
        assert names(entries) == ["started", "end"]
        assert json.loads(entries[0].data)["queue_position"] == admission.queue_position
        assert json.loads(entries[1].data) == {"tokens_out": 0, "decode_ms": 0, "canceled": True}
        assert await broker.take("w", 0) is None
        assert await broker.depth() == 0

    over(opening, test)


def test_a_running_task_that_is_cancelled_is_lost_to_its_worker(opening: Opening) -> None:
    async def test(broker: Broker) -> None:
        task = await given(broker)
        lease = await taken(broker)
        await broker.write(lease, [token(0)], 1)
        await broker.cancel(task.key)
        for late in (
            broker.write(lease, [token(1)], 1),
            broker.renew(lease),
            broker.finish(lease),
            broker.finish(lease, failed("INTERNAL", "no")),
        ):
            with pytest.raises(LostError):
                await late
        await broker.release(lease)
        await broker.cancel(task.key)
        entries = await log_of(broker, task)
        assert names(entries) == ["started", "token", "end"]
        assert json.loads(entries[-1].data)["tokens_out"] == 1
        assert codes(entries) == ("end", "canceled")

    over(opening, test)


def test_a_task_that_has_ended_stays_as_it_ended(opening: Opening) -> None:
    async def test(broker: Broker) -> None:
        task = await given(broker)
        lease = await taken(broker)
        await broker.finish(lease, failed("POOL_UNAVAILABLE", "nobody is there", retriable=True))
        await broker.cancel(task.key)
        with pytest.raises(LostError):
            await broker.finish(lease)
        assert codes(await log_of(broker, task)) == ("error", "POOL_UNAVAILABLE")

    over(opening, test)


def test_what_is_not_known_is_said_to_be_so(opening: Opening) -> None:
    async def test(broker: Broker) -> None:
        task = new_task()
        for asked in (
            broker.cancel(task.key),
            broker.view(task.key),
            broker.standing(task.key),
            broker.session(task.session),
            broker.forget(task.session),
            log_of(broker, task),
            log_of(broker, task, 5),
        ):
            with pytest.raises(UnknownError):
                await asked

    over(opening, test)


def test_what_has_ended_is_kept_for_a_while_only(opening: Opening) -> None:
    async def test(broker: Broker) -> None:
        task = await given(broker)
        open_task = await given(broker)
        await run_whole(broker, await taken(broker))
        assert names(await log_of(broker, task)) == ["started", "token", "token", "end"]
        await until(lambda: gone(broker, task))
        with pytest.raises(UnknownError):
            await log_of(broker, task)
        await broker.admit(task)
        assert not (await broker.view(open_task.key)).ended

    async def gone(broker: Broker, task: Task) -> bool:
        await broker.sweep()
        try:
            await broker.view(task.key)
        except UnknownError:
            return True
        return False

    over(opening, test, retention=2.0)
