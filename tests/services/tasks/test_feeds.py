"""Logs as they are read: each is fetched once, whoever reads it, and each reader sees all of it."""

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Any

import anyio
import anyio.abc
import anyio.lowlevel
import pytest
from hypothesis import given
from hypothesis import strategies as st
from services.tasks.made_broker import MadeBroker, entry

from streamcontract.services.tasks.brokers.broker import BrokerError, UnknownError
from streamcontract.services.tasks.feeds import WINDOW, WINDOW_CHARACTERS, Feeds
from streamcontract.services.tasks.task import Entry

KEY = "-/task"
Body = Callable[[MadeBroker, Feeds, anyio.abc.TaskGroup], Awaitable[None]]


def with_feeds(body: Body, broker: MadeBroker | None = None) -> MadeBroker:
    """Run something over feeds, which have let go of everything afterwards."""
    made = broker or MadeBroker()

    async def main() -> None:
        async with anyio.create_task_group() as owner:
            feeds = Feeds(made, owner)  # type: ignore[arg-type]
            async with anyio.create_task_group() as readers:
                await body(made, feeds, readers)
            await anyio.wait_all_tasks_blocked()
            assert feeds._feeds == {}
            assert made.open == 0
            owner.cancel_scope.cancel()

    anyio.run(main)
    return made


async def read(feeds: Feeds, after: int, seen: list[Entry], *, most: int | None = None) -> None:
    """Read a log, up to so many entries or to its end."""
    async with aclosing(feeds.read(KEY, after)) as pages:
        async for page in pages:
            seen += page
            if most is not None and len(seen) >= most:
                return


def whole(size: int) -> list[Entry]:
    return [entry(1, "started"), *(entry(number) for number in range(2, size)), entry(size, "end")]


@pytest.mark.parametrize("after", [0, 1, 5, 9])
def test_an_ended_log_is_read_behind_an_entry(after: int) -> None:
    async def body(broker: MadeBroker, feeds: Feeds, _: Any) -> None:
        broker.add(KEY, *whole(10))
        seen: list[Entry] = []
        await read(feeds, after, seen)
        assert seen == whole(10)[after:]

    with_feeds(body)


def test_many_readers_are_one_fetch_and_see_what_grows_at_once() -> None:
    seen: list[list[Entry]] = [[] for _ in range(100)]

    async def body(broker: MadeBroker, feeds: Feeds, readers: anyio.abc.TaskGroup) -> None:
        for each in seen:
            readers.start_soon(read, feeds, 0, each)
        for grown in whole(20):
            await anyio.wait_all_tasks_blocked()
            broker.add(KEY, grown)
            await anyio.wait_all_tasks_blocked()
            assert {each[-1].number for each in seen} == {grown.number}

    broker = with_feeds(body)
    assert all(each == whole(20) for each in seen)
    assert broker.fetches == {KEY: 1}


def test_a_reader_that_comes_later_for_what_is_held_fetches_nothing() -> None:
    async def body(broker: MadeBroker, feeds: Feeds, readers: anyio.abc.TaskGroup) -> None:
        first: list[Entry] = []
        second: list[Entry] = []
        broker.add(KEY, *whole(10)[:6])
        readers.start_soon(read, feeds, 0, first)
        await anyio.wait_all_tasks_blocked()
        readers.start_soon(read, feeds, 2, second)
        await anyio.wait_all_tasks_blocked()
        assert second == whole(10)[2:6]
        broker.add(KEY, *whole(10)[6:])

    assert with_feeds(body).fetches == {KEY: 1}


def test_a_reader_from_further_back_catches_up_by_itself_and_then_goes_with_the_others() -> None:
    async def body(broker: MadeBroker, feeds: Feeds, readers: anyio.abc.TaskGroup) -> None:
        log = whole(30)
        newest: list[Entry] = []
        oldest: list[Entry] = []
        broker.add(KEY, *log[:20])
        readers.start_soon(read, feeds, 15, newest)
        await anyio.wait_all_tasks_blocked()
        readers.start_soon(read, feeds, 0, oldest)
        await anyio.wait_all_tasks_blocked()
        assert (len(newest), len(oldest)) == (5, 20)
        assert broker.open == 1  # it follows nothing of its own any more
        broker.add(KEY, *log[20:])
        await anyio.wait_all_tasks_blocked()
        assert (newest, oldest) == (log[15:], log)

    assert with_feeds(body).fetches == {KEY: 2}


@pytest.mark.parametrize(
    ("size", "entries"), [(0, 10 * WINDOW), (WINDOW_CHARACTERS // 4, 100), (5 * WINDOW_CHARACTERS, 3)]
)
def test_what_is_held_is_bounded_and_a_reader_that_lags_sees_everything(size: int, entries: int) -> None:
    async def body(broker: MadeBroker, feeds: Feeds, readers: anyio.abc.TaskGroup) -> None:
        log = [entry(number, size=size) for number in range(1, entries)] + [entry(entries, "end")]
        quick: list[Entry] = []
        slow: list[Entry] = []
        readers.start_soon(read, feeds, 0, quick)
        async with aclosing(feeds.read(KEY, 0)) as pages:
            broker.add(KEY, *log[: entries // 2])
            slow += await anext(pages)
            (feed,) = feeds._feeds.values()
            broker.add(KEY, *log[entries // 2 :])
            await anyio.wait_all_tasks_blocked()
            assert quick == log
            assert len(feed.entries) <= 2 * WINDOW
            assert feed.size == sum(len(held.data) for held in feed.entries)
            assert feed.size <= max(2 * WINDOW_CHARACTERS, size)
            async for page in pages:
                slow += page
        assert slow == log

    with_feeds(body)


def test_a_task_that_comes_under_an_id_that_is_free_again_is_not_taken_for_the_old_one() -> None:
    async def body(broker: MadeBroker, feeds: Feeds, _: Any) -> None:
        broker.add(KEY, *whole(10))
        async with aclosing(feeds.read(KEY, 0)) as old:
            seen = list(await anext(old))
            await anyio.wait_all_tasks_blocked()
            broker.drop(KEY)
            broker.add(KEY, *whole(3))
            again: list[Entry] = []
            await read(feeds, 0, again)
            assert again == whole(3)
            seen += [entry async for page in old for entry in page]
        assert seen == whole(10)

    with_feeds(body)


def test_when_the_last_reader_has_left_nothing_is_fetched_any_more() -> None:
    async def body(broker: MadeBroker, feeds: Feeds, readers: anyio.abc.TaskGroup) -> None:
        broker.add(KEY, *whole(10)[:5])
        async with anyio.create_task_group() as some:
            for _ in range(3):
                some.start_soon(read, feeds, 0, [])
            await anyio.wait_all_tasks_blocked()
            assert broker.open == 1
            some.cancel_scope.cancel()
        await anyio.wait_all_tasks_blocked()
        assert (broker.open, feeds._feeds) == (0, {})
        seen: list[Entry] = []
        readers.start_soon(read, feeds, 0, seen)
        broker.add(KEY, *whole(10)[5:])
        await anyio.wait_all_tasks_blocked()
        assert seen == whole(10)

    with_feeds(body)


def test_a_reader_that_left_does_not_stop_the_others() -> None:
    async def body(broker: MadeBroker, feeds: Feeds, readers: anyio.abc.TaskGroup) -> None:
        seen: list[Entry] = []
        broker.add(KEY, *whole(10)[:5])
        readers.start_soon(read, feeds, 0, seen)
        await read(feeds, 0, [], most=2)
        broker.add(KEY, *whole(10)[5:])
        await anyio.wait_all_tasks_blocked()
        assert seen == whole(10)

    with_feeds(body)


@pytest.mark.parametrize("fault", [BrokerError("it does not answer"), UnknownError(KEY)])
def test_a_fault_is_told_to_every_reader_once_it_has_what_came_before(fault: Exception) -> None:
    told: list[tuple[int, Exception]] = []

    async def reader(feeds: Feeds) -> None:
        seen: list[Entry] = []
        try:
            await read(feeds, 0, seen)
        except (BrokerError, UnknownError) as error:
            told.append((len(seen), error))

    async def body(broker: MadeBroker, feeds: Feeds, readers: anyio.abc.TaskGroup) -> None:
        for _ in range(3):
            readers.start_soon(reader, feeds)
        await anyio.wait_all_tasks_blocked()
        broker.add(KEY, *whole(10)[:5])
        await anyio.wait_all_tasks_blocked()
        broker.fail(fault)
        await anyio.wait_all_tasks_blocked()
        assert told == [(5, fault)] * 3
        broker.fault = None
        broker.add(KEY, *whole(10)[5:])
        await reader(feeds)  # who comes next tries anew
        assert len(told) == 3

    with_feeds(body)


@st.composite
def schedules(draw: st.DrawFn) -> list[tuple[str, int]]:
    """What happens to a log of 12 entries: it grows, readers come (behind an entry) and leave."""
    step = st.tuples(st.just("grow"), st.integers(1, 4)) | st.tuples(st.just("come"), st.integers(0, 11))
    step |= st.tuples(st.just("leave"), st.integers(0, 5)) | st.tuples(st.just("rest"), st.just(0))
    return draw(st.lists(step, max_size=30))


@given(steps=schedules(), page=st.integers(1, 5), small=st.booleans())
def test_whatever_order_readers_come_and_leave_in_each_sees_the_log_behind_its_place(
    steps: list[tuple[str, int]], page: int, small: bool
) -> None:
    log = whole(12)
    seen: list[tuple[int, list[Entry], anyio.CancelScope]] = []

    async def reader(feeds: Feeds, after: int, mine: list[Entry], scope: anyio.CancelScope) -> None:
        with scope:
            await read(feeds, after, mine)

    async def body(broker: MadeBroker, feeds: Feeds, readers: anyio.abc.TaskGroup) -> None:
        broker.page = page
        grown = 0
        for what, number in steps:
            if what == "grow":
                broker.add(KEY, *log[grown : grown + number])
                grown = min(len(log), grown + number)
            elif what == "come" and number <= grown and number < len(log):
                seen.append((number, [], anyio.CancelScope()))
                readers.start_soon(reader, feeds, *seen[-1])
            elif what == "leave" and seen:
                seen[number % len(seen)][2].cancel()
            elif what == "rest":
                await anyio.wait_all_tasks_blocked()
        broker.add(KEY, *log[grown:])

    with pytest.MonkeyPatch.context() as patch:
        if small:
            patch.setattr("streamcontract.services.tasks.feeds.WINDOW", 2)
        with_feeds(body)
    for after, mine, scope in seen:
        expected = log[after:]
        assert mine == (expected[: len(mine)] if scope.cancel_called else expected)
