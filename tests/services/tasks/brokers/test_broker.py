"""The laws that every broker keeps of its queue: who comes in, and in what order."""

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
)

from streamcontract.services.tasks.brokers.broker import Broker, Refusal, RefusedError
from streamcontract.services.tasks.task import Task


async def refusal_of(broker: Broker, task: Task) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        await broker.admit(task)
    assert caught.value.retry_after_ms >= 1
    return caught.value


def test_interactive_tasks_go_first_and_each_class_in_its_order(opening: Opening) -> None:
    async def test(broker: Broker) -> None:
        tasks = [new_task(priority=name) for name in ("batch", "interactive", "batch", "interactive")]
        admissions = [await broker.admit(task) for task in tasks]
        assert [admission.queue_position for admission in admissions] == [0, 0, 2, 1]
        assert await broker.depth() == 4
        order = [(await taken(broker)).task for _ in tasks]
        assert order == [tasks[1], tasks[3], tasks[0], tasks[2]]
        assert await broker.depth() == 0
        assert await broker.take("w", 0) is None

    over(opening, test)


def test_a_task_that_exists_is_refused(opening: Opening) -> None:
    async def test(broker: Broker) -> None:
        task = await given(broker)
        assert (await refusal_of(broker, task)).refusal is Refusal.EXISTS
        await run_whole(broker, await taken(broker))
        assert (await refusal_of(broker, task)).refusal is Refusal.EXISTS
        assert (await broker.session(task.session)).turns == 1
        assert await broker.depth() == 0

    over(opening, test)


def test_the_same_id_of_two_owners_is_two_tasks(opening: Opening) -> None:
    async def test(broker: Broker) -> None:
        mine = await given(broker, owner="aa")
        theirs = new_task("bb", task_id=mine.request.task_id, session=mine.request.session_id)
        await broker.admit(theirs)
        await broker.cancel(mine.key)
        assert not (await broker.view(theirs.key)).ended
        await broker.forget(mine.session)
        assert (await broker.session(theirs.session)).turns == 1

    over(opening, test)


def test_a_full_queue_refuses_and_running_tasks_do_not_count(opening: Opening) -> None:
    async def test(broker: Broker) -> None:
        for _ in range(2):
            await given(broker)
        refused = await refusal_of(broker, new_task())
        assert refused.refusal is Refusal.FULL
        await taken(broker)
        waiting = await given(broker)
        assert (await refusal_of(broker, new_task())).refusal is Refusal.FULL
        await broker.cancel(waiting.key)
        await given(broker)

    over(opening, test, capacity=2)


def test_the_batch_task_that_has_waited_longest_is_dropped(opening: Opening) -> None:
    async def test(broker: Broker) -> None:
        tasks = [await given(broker, priority=name) for name in ("interactive", "batch", "batch")]
        newest = new_task()
        assert (await broker.admit(newest)).queue_position == 1
        entries = await log_of(broker, tasks[1])
        assert names(entries) == ["started", "error"]
        assert codes(entries) == ("error", "QUEUE_FULL_DROP_LRU")
        assert await broker.depth() == 3
        assert [(await taken(broker)).task for _ in range(3)] == [tasks[0], newest, tasks[2]]

    over(opening, test, capacity=3, policy="drop-lru")


def test_without_batch_the_oldest_interactive_task_is_dropped_and_none_that_runs(opening: Opening) -> None:
    async def test(broker: Broker) -> None:
        first = await given(broker)
        lease = await taken(broker)
        returned = await given(broker)
        back = await taken(broker)
        later = await given(broker)
        await broker.release(back)  # it waits again, and has waited longest
        newest = new_task()
        assert (await broker.admit(newest)).queue_position == 1
        assert codes(await log_of(broker, returned)) == ("error", "QUEUE_FULL_DROP_LRU")
        await run_whole(broker, lease)
        assert codes(await log_of(broker, first)) == ("end", "")
        assert [(await taken(broker)).task for _ in range(2)] == [later, newest]

    over(opening, test, capacity=2, policy="drop-lru")


def test_a_predicted_start_past_the_deadline_is_refused(opening: Opening) -> None:
    async def test(broker: Broker) -> None:
        await given(broker)
        lease = await taken(broker)
        await anyio.sleep(0.2)  # what is measured is how long it runs
        await run_whole(broker, lease)
        await given(broker)
        await taken(broker)
        starts = [(await broker.admit(new_task(priority="batch"))).predicted_start_ms for _ in range(3)]
        assert starts[0] >= 100
        assert starts == sorted(set(starts))
        refused = await refusal_of(broker, new_task(priority="batch", deadline_ms=starts[2]))
        assert refused.refusal is Refusal.DEADLINE
        assert refused.predicted_start_ms > starts[2]
        assert await broker.depth() == 3

    over(opening, test)


def test_a_task_starts_at_once_while_a_slot_is_free_and_backoff_grows(opening: Opening) -> None:
    async def test(broker: Broker) -> None:
        await given(broker)
        await run_whole(broker, await taken(broker))
        admissions = [await broker.admit(new_task()) for _ in range(4)]
        assert admissions[0].predicted_start_ms == 0
        backoffs = [admission.backoff_ms for admission in admissions]
        assert backoffs == sorted(backoffs)

    over(opening, test)


def test_ping_answers(opening: Opening) -> None:
    async def test(broker: Broker) -> None:
        await broker.ping()

    over(opening, test)
