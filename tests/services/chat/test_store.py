"""What is stored and when, over both databases."""

import subprocess
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest
from services.chat.storing import connected, migrated, stored
from sqlalchemy import text

from streamcontract.services.chat.store.migrate import migrate
from streamcontract.services.chat.store.reading import BadCursorError, load, page
from streamcontract.services.chat.store.rows import (
    FullChatError,
    GoneChatError,
    Opened,
    Row,
    StoreError,
    ToolRun,
    UnknownChatError,
)
from streamcontract.services.chat.store.store import Store

U1, A1, U2, A2, U3 = (Row(role, content) for role, content in zip(["user", "assistant"] * 3, "ABCDE", strict=False))
SYSTEM = Row("system", "Be brief.")
TOOL = Row("tool", "42", "calculator")


def storing(database: str, test: Callable[[Store], Awaitable[Any]], **limits: Any) -> Any:
    """Run this over a store that is empty."""

    async def go() -> Any:
        async with migrated(database, **limits) as store:
            return await test(store)

    return anyio.run(go)


async def opened(store: Store, rows: list[Row], chat_id: str | None = None) -> Opened:
    return await store.open(chat_id, "openai", "m", rows)


async def asked(store: Store, rows: list[Row], answer: str = "answer", chat_id: str | None = None) -> str:
    """One stream that ends well; returns the chat's id."""
    call = await opened(store, rows, chat_id)
    await store.complete(call, answer, (1, 2), 3)
    return call.chat_id


async def contents(store: Store, chat_id: str) -> list[str]:
    return [row["content"] for row in (await load(store, chat_id)).messages]


async def everything(store: Store) -> dict[str, int]:
    """How many rows each table has."""
    async with store.transaction(read_only=True) as connection:
        tables = ("chats", "messages", "llm_calls", "tool_calls")
        return {name: await connection.scalar(text(f"SELECT COUNT(*) FROM {name}")) for name in tables}  # noqa: S608


TOOL_RUN = ToolRun("t1", "fetch_url", '{"url":"x"}', "Fetched.", "preview", None, 5, 7)


@pytest.mark.parametrize(
    ("before", "then", "kept"),
    [
        pytest.param([U1], [U1, A1, U2], "A!CD", id="the whole history, as the contract has it"),
        pytest.param([U1], [U1, U2], "A!CD", id="the history without answers"),
        pytest.param([U1], [U1, Row("assistant", "cut"), U2], "A!CD", id="answers are not compared"),
        pytest.param([U1], [U1], "A!D", id="the same again, as after an error"),
        pytest.param([U1], [U2], "A!CD", id="the new message only"),
        pytest.param([U1], [U1, A1, U1], "A!AD", id="the same words once more"),
        pytest.param([SYSTEM, U1], [U1], "Be brief.A!AD", id="a history that begins otherwise is new from there on"),
        pytest.param([U1], [Row("user", "A", "ada")], "A!AD", id="another name is another message"),
        pytest.param([U1], [Row("system", "A")], "A!AD", id="another role is another message"),
        pytest.param([U1, U2], [U1], "AC!D", id="a shorter history brings nothing"),
        pytest.param([U1], [U1, A1, TOOL], "A!42D", id="a tool's message is input"),
        pytest.param([A1, U1], [A1, U1, A2, U2], "A!CD", id="answers that the client brings are not stored"),
    ],
)
def test_only_new_input_is_stored(database: str, before: list[Row], then: list[Row], kept: str) -> None:
    async def test(store: Store) -> str:
        chat_id = await asked(store, before, "!")
        await asked(store, then, "D", chat_id)
        return "".join(await contents(store, chat_id))

    assert storing(database, test) == kept


def test_a_long_history_is_compared_to_its_end(database: str) -> None:
    history = [Row("user", str(n)) for n in range(173)]

    async def test(store: Store) -> None:
        chat_id = await asked(store, history)
        await asked(store, [*history, U1], "D", chat_id)
        assert await contents(store, chat_id) == [*map(str, range(173)), "answer", "A", "D"]

    storing(database, test)


def test_input_is_stored_before_the_answer_is_asked_for(database: str) -> None:
    async def test(store: Store) -> None:
        call = await opened(store, [SYSTEM, U1])
        found = await load(store, call.chat_id)
        assert [row["role"] for row in found.messages] == ["system", "user"]
        assert [row["status"] for row in found.calls] == ["running"]

    storing(database, test)


def test_answer_usage_and_latency_are_stored_together(database: str) -> None:
    async def test(store: Store) -> None:
        call = await opened(store, [U1])
        await store.complete(call, "Hello", (3, 4), 567)
        found = await load(store, call.chat_id)
        answer, shown = found.messages[-1], found.calls[0]
        assert (answer["role"], answer["content"], answer["call_id"]) == ("assistant", "Hello", call.call_id)
        assert (shown["status"], shown["input_tokens"], shown["output_tokens"]) == ("completed", 3, 4)
        assert shown["latency_ms"] == 567

    storing(database, test)


def test_tool_calls_are_shown_in_their_order(database: str) -> None:
    async def test(store: Store) -> None:
        call = await opened(store, [U1])
        for number, id_ in enumerate(["t2", "t1"]):
            run = ToolRun(id_, "n", "{}", "s", None, "failed" if number else None, 5, 7)
            await store.add_tool_call(call, number, run)
        found = (await load(store, call.chat_id)).tool_calls
        assert [(row["id"], row["status"]) for row in found] == [("t2", "completed"), ("t1", "failed")]

    storing(database, test)


def test_a_failure_is_recorded_and_leaves_no_answer(database: str) -> None:
    async def test(store: Store) -> None:
        call = await opened(store, [U1])
        assert await store.end(call, "failed", "why", 9) == "failed"
        found = await load(store, call.chat_id)
        assert [row["role"] for row in found.messages] == ["user"]
        assert [(row["status"], row["error"], row["latency_ms"]) for row in found.calls] == [("failed", "why", 9)]

    storing(database, test)


def test_a_call_ends_once(database: str) -> None:
    async def test(store: Store) -> None:
        completed = await opened(store, [U1])
        await store.complete(completed, "Hello", None, 1)
        assert await store.end(completed, "aborted", "late", 9) == "completed"
        failed = await opened(store, [U1])
        await store.end(failed, "failed", "why", 9)
        with pytest.raises(StoreError, match="ended already"):
            await store.complete(failed, "Hello", None, 1)
        assert "Hello" not in await contents(store, failed.chat_id)

    storing(database, test)


def test_an_unknown_chat_stores_nothing(database: str) -> None:
    async def test(store: Store) -> None:
        with pytest.raises(UnknownChatError):
            await opened(store, [U1], "unknown")
        assert set((await everything(store)).values()) == {0}

    storing(database, test)


@pytest.mark.parametrize(
    ("limits", "rows"), [({"messages": 3}, [U1, U2, U3]), ({"size": 4}, [Row("user", "12345")])], ids=["rows", "size"]
)
def test_a_full_chat_takes_no_more(database: str, limits: dict[str, int], rows: list[Row]) -> None:
    async def test(store: Store) -> None:
        chat_id = await asked(store, [U1], "!")
        with pytest.raises(FullChatError):
            await opened(store, [U1, *rows], chat_id)
        assert await contents(store, chat_id) == ["A", "!"]

    storing(database, test, **limits)


def test_a_chat_is_deleted_with_all_that_belongs_to_it(database: str) -> None:
    async def test(store: Store) -> None:
        kept = await asked(store, [U1])
        call = await opened(store, [U1])
        await store.add_tool_call(call, 0, TOOL_RUN)
        await store.complete(call, "Hello", None, 1)
        await store.delete(call.chat_id)
        assert await everything(store) == {"chats": 1, "messages": 2, "llm_calls": 1, "tool_calls": 0}
        with pytest.raises(UnknownChatError):
            await load(store, call.chat_id)
        with pytest.raises(UnknownChatError):
            await store.delete(call.chat_id)
        assert await contents(store, kept) == ["A", "answer"]

    storing(database, test)


def test_what_comes_for_a_deleted_chat_is_refused(database: str) -> None:
    async def test(store: Store) -> None:
        call = await opened(store, [U1])
        await store.delete(call.chat_id)
        for late in (
            store.complete(call, "Hello", None, 1),
            store.add_tool_call(call, 0, TOOL_RUN),
            store.end(call, "failed", "why", 1),
        ):
            with pytest.raises(GoneChatError):
                await late
        assert set((await everything(store)).values()) == {0}

    storing(database, test)


def test_calls_of_a_process_that_is_gone_are_ended(database: str) -> None:
    async def test(store: Store) -> None:
        old, new = await opened(store, [U1]), await opened(store, [U1])
        async with store.transaction() as connection:
            old_one = {"id": old.call_id}
            await connection.execute(text("UPDATE llm_calls SET started_at = 0 WHERE id = :id"), old_one)
        assert await store.end_lost(60_000, "gone") == 1
        statuses = [(await load(store, call.chat_id)).calls[0]["status"] for call in (old, new)]
        assert statuses == ["aborted", "running"]

    storing(database, test)


# Two streams on one chat ----------------------------------------------------------------------------------------------


def blocks(rows: Any) -> list[str]:
    """The messages as a text; each stream of the tests brings q<n>.1 and q<n>.2 and is answered by a<n>."""
    return [row["content"] for row in rows]


def assert_whole(rows: Any, streams: set[str]) -> None:
    """No row is lost, and each stream's rows stand together, the answer last."""
    found = blocks(rows)
    assert len(found) == 3 * len(streams)
    triples = [tuple(found[at : at + 3]) for at in range(0, len(found), 3)]
    assert set(triples) == {(f"q{name}.1", f"q{name}.2", f"a{name}") for name in streams}
    assert len({row["position"] for row in rows}) == len(rows)


def test_an_answer_stands_behind_what_it_answers_whoever_ends_first(database: str) -> None:
    async def test(store: Store) -> None:
        chat_id = await asked(store, [U1], "!")
        first = await opened(store, [U1, Row("user", "first")], chat_id)
        second = await opened(store, [U1, Row("user", "second")], chat_id)
        third = await opened(store, [U1, Row("user", "third")], chat_id)
        await store.complete(second, "2", None, 1)
        await store.end(third, "failed", "why", 1)
        await store.complete(first, "1", None, 1)
        assert await contents(store, chat_id) == ["A", "!", "first", "1", "second", "2", "third"]
        assert await contents(store, await asked(store, [U1], "4", chat_id)) == [
            *["A", "!", "first", "1", "second", "2", "third"],
            "4",
        ]

    storing(database, test)


def test_streams_of_one_process_on_one_chat_lose_and_mix_nothing(database: str) -> None:
    async def test(store: Store) -> None:
        chat_id = (await opened(store, [])).chat_id

        async def stream(name: str) -> None:
            rows = [Row("user", f"q{name}.{part}") for part in (1, 2)]
            await asked(store, rows, f"a{name}", chat_id)

        async with anyio.create_task_group() as tasks:
            for number in range(30):
                tasks.start_soon(stream, str(number))
        assert_whole((await load(store, chat_id)).messages, set(map(str, range(30))))

    storing(database, test)


STREAMING = """
import sys, anyio
sys.path[:0] = sys.argv[4:]
from services.chat.storing import stored
from streamcontract.services.chat.store.rows import Row
database, chat_id, name = sys.argv[1:4]

async def main():
    async with stored(database) as store:
        for number in range(15):
            rows = [Row("user", f"q{name}{number}.{part}") for part in (1, 2)]
            wait_for_the_other()
            call = await store.open(chat_id, "openai", "m", rows)
            wait_for_the_other()
            await store.complete(call, f"a{name}{number}", None, 1)

def wait_for_the_other():
    print("ready", flush=True)
    sys.stdin.readline()

anyio.run(main)
"""


def test_streams_of_two_processes_on_one_chat_lose_and_mix_nothing(database: str) -> None:
    async def prepare() -> str:
        await migrate(database)
        async with stored(database) as store:
            return (await opened(store, [])).chat_id

    chat_id = anyio.run(prepare)
    command = [sys.executable, "-c", STREAMING, database, chat_id]
    processes = [
        subprocess.Popen([*command, name, *sys.path], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for name in ("x", "y")
    ]
    for _ in range(2 * 15):  # both at once, to open and to complete each of their calls
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
    assert [process.wait(timeout=120) for process in processes] == [0, 0]

    async def look() -> None:
        async with stored(database) as store:
            rows = (await load(store, chat_id)).messages
        assert_whole(rows, {f"{name}{number}" for name in "xy" for number in range(15)})
        order = [content[1] for content in blocks(rows)]
        assert order != sorted(order), "their calls overlap, so neither's rows can all come first"

    anyio.run(look)


# Pages ----------------------------------------------------------------------------------------------------------------


def test_pages_show_every_chat_once_whatever_comes_and_goes(database: str) -> None:
    async def test(store: Store) -> None:
        made = [(await opened(store, [U1])).chat_id for _ in range(10)]
        seen: list[str] = []
        cursor = None
        while True:
            chats, cursor = await page(store, 3, cursor)
            seen += [row["id"] for row in chats]
            await opened(store, [U1])  # a new one comes in front
            await asked(store, [U1], "!", made[0])  # the oldest changes
            if len(seen) == 3:
                await store.delete(seen[-1])  # what the cursor points at is gone
            if cursor is None:
                break
        assert sorted(seen) == sorted(made)

    storing(database, test)


def test_chats_of_one_millisecond_are_shown_once_each(database: str) -> None:
    async def test(store: Store) -> None:
        ids = {(await opened(store, [U1])).chat_id for _ in range(7)}
        async with store.transaction() as connection:
            await connection.execute(text("UPDATE chats SET created_at = 5"))
        seen: list[str] = []
        cursor = None
        while cursor or not seen:
            chats, cursor = await page(store, 2, cursor)
            seen += [row["id"] for row in chats]
        assert len(seen) == 7
        assert set(seen) == ids

    storing(database, test)


@pytest.mark.parametrize(
    "cursor", ["x", "####", "MTIz", "MS4=", "é", "LTEuYQ", "OTk5OTk5OTk5OTk5OTk5OTk5OTkuYQ", "MS4nIE9S"]
)
def test_a_cursor_that_was_not_made_here_is_refused(database: str, cursor: str) -> None:
    async def test(store: Store) -> None:
        with pytest.raises(BadCursorError):
            await page(store, 2, cursor)

    storing(database, test)


# What a database may do -----------------------------------------------------------------------------------------------


def test_a_database_that_is_not_there_is_a_store_error(database: str) -> None:
    gone = "postgresql://nobody@127.0.0.1:1/none" if "postgresql" in database else "sqlite:////nowhere/chat.db"

    async def go() -> None:
        async with stored(gone) as store:
            with pytest.raises(StoreError):
                await store.ping()

    anyio.run(go)


def test_a_lock_that_is_not_given_up_is_waited_for_within_bounds(database: str) -> None:
    async def test(store: Store) -> None:
        call = await opened(store, [U1])
        async with connected(database) as other:
            await other.execute(text("UPDATE chats SET updated_at = 1"))
            with pytest.raises(StoreError), anyio.fail_after(5):
                await store.complete(call, "Hello", None, 1)
        assert await contents(store, call.chat_id) == ["A"]
        await store.complete(call, "Hello", None, 1)  # the connection that gave up is none that is used again broken
        assert await contents(store, call.chat_id) == ["A", "Hello"]

    storing(database, test, seconds=0.5)


def test_text_of_every_kind_comes_back_as_it_was(database: str) -> None:
    rows = [Row("user", "🦊 \u2028 ' \" \\ ; -- \r\n\t \u0001 \ufffe"), Row("user", ""), Row("user", "x" * 50_000)]

    async def test(store: Store) -> None:
        chat_id = await asked(store, rows, "")
        assert await contents(store, chat_id) == [*(row.content for row in rows), ""]

    storing(database, test)
