"""The laws that every broker keeps of sessions: what they may spend, and how long they live."""

from typing import Any

import anyio
import pytest
from services.tasks.brokers.brokering import Opening, given, limits, new_task, over, run_whole, taken, token, until

from streamcontract.services.tasks.brokers.broker import Broker, Refusal, RefusedError, UnknownError
from streamcontract.services.tasks.task import Budgets, Key

SESSION = "0d8a4f6e-7c55-4d7e-8a35-3c1b9a4a7e10"


async def refusal_of(broker: Broker, **changed: Any) -> Refusal:
    with pytest.raises(RefusedError) as caught:
        await broker.admit(new_task(session=SESSION, **changed))
    assert caught.value.retry_after_ms >= 1
    return caught.value.refusal


def test_tokens_of_open_tasks_are_reserved_and_what_was_not_used_is_free_again(opening: Opening) -> None:
    async def test(broker: Broker) -> None:
        first = new_task(session=SESSION, max_tokens=60)
        assert (await broker.admit(first)).budgets.tokens == 100
        assert await refusal_of(broker, max_tokens=41) is Refusal.TOKENS
        second = await given(broker, session=SESSION, max_tokens=40)
        assert await refusal_of(broker, max_tokens=1) is Refusal.TOKENS
        await run_whole(broker, await taken(broker), 10)
        assert (await broker.view(first.key)).budgets.tokens == 90
        assert await refusal_of(broker, max_tokens=51) is Refusal.TOKENS
        await broker.cancel(second.key)
        await given(broker, session=SESSION, max_tokens=90)
        assert await refusal_of(broker, max_tokens=1) is Refusal.TOKENS

    over(opening, test, budgets=Budgets(100, 1_000_000, 1e6))


def test_tokens_are_spent_while_a_task_runs(opening: Opening) -> None:
    async def test(broker: Broker) -> None:
        task = await given(broker, session=SESSION, max_tokens=100)
        lease = await taken(broker)
        for number in range(3):
            await broker.write(lease, [token(number), ("metrics", "{}")], 1)
            standing = await broker.standing(task.key)
            assert standing.budgets.tokens == 99 - number
            assert standing.budgets.cost == 50 - 0.5 * (number + 1)
        assert await refusal_of(broker, max_tokens=1) is Refusal.TOKENS
        await broker.finish(lease)
        await given(broker, session=SESSION, max_tokens=97)

    over(opening, test, budgets=Budgets(100, 1_000_000, 50.0))


def test_tokens_of_a_task_that_waits_again_stay_reserved_once(opening: Opening) -> None:
    async def test(broker: Broker) -> None:
        await given(broker, session=SESSION, max_tokens=60)
        for _ in range(3):
            await broker.release(await taken(broker))
        await given(broker, session=SESSION, max_tokens=40)
        assert await refusal_of(broker, max_tokens=1) is Refusal.TOKENS

    over(opening, test, budgets=Budgets(100, 1_000_000, 1e6))


def test_a_session_is_never_less_than_empty(opening: Opening) -> None:
    async def test(broker: Broker) -> None:
        task = await given(broker, session=SESSION, max_tokens=10)
        lease = await taken(broker)
        await broker.write(lease, [token(number) for number in range(10)], 10)
        await broker.finish(lease)
        assert (await broker.view(task.key)).budgets == (await broker.session(task.session)).budgets
        assert (await broker.session(task.session)).budgets.cost == 0
        assert await refusal_of(broker, max_tokens=1) is Refusal.COST

    over(opening, test, budgets=Budgets(100, 1_000_000, 5.0))


def test_what_a_task_may_cost_is_reserved(opening: Opening) -> None:
    async def test(broker: Broker) -> None:
        await given(broker, session=SESSION, max_tokens=19)
        assert await refusal_of(broker, max_tokens=2) is Refusal.COST
        await given(broker, session=SESSION, max_tokens=1)
        assert await refusal_of(broker, max_tokens=1) is Refusal.COST

    over(opening, test, budgets=Budgets(100, 1_000_000, 10.0))


def test_time_is_refused_once_it_is_used_up(opening: Opening) -> None:
    async def test(broker: Broker) -> None:
        task = await given(broker, session=SESSION)
        await given(broker, session=SESSION)
        lease = await taken(broker)
        await anyio.sleep(0.1)  # the time itself is what is tested
        await run_whole(broker, lease)
        assert (await broker.session(task.session)).budgets.time_ms == 0
        assert await refusal_of(broker) is Refusal.TIME
        await run_whole(broker, await taken(broker))

    over(opening, test, budgets=Budgets(100, 50, 1e6))


def test_a_refused_task_makes_no_session(opening: Opening) -> None:
    async def test(broker: Broker) -> None:
        task = new_task(max_tokens=11)
        with pytest.raises(RefusedError):
            await broker.admit(task)
        with pytest.raises(UnknownError):
            await broker.session(task.session)
        with pytest.raises(UnknownError):
            await broker.view(task.key)

    over(opening, test, budgets=Budgets(10, 50, 1e6))


def test_a_session_tells_its_turns_and_whether_an_engine_is_warm(opening: Opening) -> None:
    async def test(broker: Broker) -> None:
        task = await given(broker, session=SESSION)
        state = await broker.session(task.session)
        assert (state.turns, state.warm, state.budgets) == (1, False, limits().budgets)
        assert 50_000 < state.ttl_ms <= 60_000
        await run_whole(broker, await taken(broker))
        assert (await broker.session(task.session)).warm
        await given(broker, session=SESSION)
        await given(broker)
        assert (await broker.session(task.session)).turns == 2
        assert [(await taken(broker)).warm for _ in range(2)] == [True, False]

    over(opening, test)


def test_a_session_that_is_not_used_is_forgotten(opening: Opening) -> None:
    async def test(broker: Broker) -> None:
        task = await given(broker)
        await run_whole(broker, await taken(broker))
        assert 0 < (await broker.session(task.session)).ttl_ms <= 2000
        await until(lambda: forgotten(broker, task.session))
        assert (await broker.view(task.key)).budgets == limits().budgets

    over(opening, test, session=2.0)


def test_a_session_with_an_open_task_lives_on(opening: Opening) -> None:
    async def test(broker: Broker) -> None:
        running, waiting = await given(broker), await given(broker)
        lease = await taken(broker)
        await anyio.sleep(0.4)  # the time itself is what is tested
        await broker.sweep()
        for task in (running, waiting):
            assert (await broker.session(task.session)).turns == 1
        await run_whole(broker, lease)
        assert (await broker.session(running.session)).ttl_ms > 0

    over(opening, test, session=0.2)


async def forgotten(broker: Broker, key: Key) -> bool:
    await broker.sweep()
    try:
        await broker.session(key)
    except UnknownError:
        return True
    return False


def test_a_forgotten_session_is_gone_and_its_tasks_go_on(opening: Opening) -> None:
    async def test(broker: Broker) -> None:
        running, waiting = [await given(broker, session=SESSION, max_tokens=50) for _ in range(2)]
        lease = await taken(broker)
        await broker.forget(running.session)
        for asked in (broker.forget(running.session), broker.session(running.session)):
            with pytest.raises(UnknownError):
                await asked
        await run_whole(broker, lease, 5)
        assert (await broker.standing(running.key)).budgets == Budgets(100, 1_000_000, 1e6)
        await run_whole(broker, await taken(broker))
        assert (await broker.view(waiting.key)).ended
        with pytest.raises(UnknownError):
            await broker.session(running.session)

    over(opening, test, budgets=Budgets(100, 1_000_000, 1e6))


def test_a_new_session_of_the_same_name_pays_for_no_older_task(opening: Opening) -> None:
    async def test(broker: Broker) -> None:
        older = await given(broker, session=SESSION, max_tokens=60)
        lease = await taken(broker)
        await broker.forget(older.session)
        await given(broker, session=SESSION, max_tokens=100)
        await run_whole(broker, lease, 7)
        state = await broker.session(older.session)
        assert (state.turns, state.budgets.tokens, state.budgets.time_ms) == (1, 100, 1_000_000)
        assert await refusal_of(broker, max_tokens=1) is Refusal.TOKENS

    over(opening, test, budgets=Budgets(100, 1_000_000, 1e6))
