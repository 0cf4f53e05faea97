"""Every fault in the table of docs/chat.md: nothing is lost, and the stream ends as it should."""

import json
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio
import pytest
from served import Served, eventually, post_bytes, read_until
from services.chat.chatting import (
    HELLO,
    PATH,
    REQUEST,
    SECRET,
    Item,
    Script,
    Scripted,
    Stub,
    chat,
    ends_in_error,
    judge,
    parsed,
    saying,
    serving_chat,
    stream,
    tool_results,
    until,
)
from services.chat.storing import connected
from structlog.testing import capture_logs

from streamcontract.services.chat.providers.provider import Completion, ProviderError, Text, Tool
from streamcontract.services.chat.store.migrate import migrate
from streamcontract.services.chat.tools.tool import Outcome
from streamcontract.services.chat.tools.toolbox import Toolbox, ToolResult

OPEN = 'streamcontract_open_streams{operation="streamChatCompletion"}'
DELTAS = 'streamcontract_events_total{operation="streamChatCompletion",symbol="delta"}'


# The provider ---------------------------------------------------------------------------------------------------------


def failing(error: Exception, *before: Item) -> Script:
    async def script(_: Completion) -> AsyncGenerator[Item, None]:
        for item in before:
            yield item
        raise error

    return script


@pytest.mark.parametrize("before", [(), (Text("Hel"), Text("lo"))], ids=["at once", "midway"])
def test_a_provider_that_fails_is_an_error(database: str, before: tuple[Item, ...]) -> None:
    error = ProviderError("The provider broke off", SECRET)
    with serving_chat(database, failing(error, *before)) as (served, _), capture_logs() as said:
        events = stream(served)
        ends_in_error(served, events, "The provider broke off")
    assert [event for event, _ in events] == ["meta", *("delta" for _ in before), "error"]
    (logged,) = [entry for entry in said if entry["event"] == "a call failed"]
    assert events[-1][1]["message"].endswith(logged["reference"])
    assert SECRET in logged["why"]


def test_a_fault_of_ours_tells_the_client_no_more_than_a_reference(database: str) -> None:
    with serving_chat(database, failing(RuntimeError(SECRET), Text("a"))) as (served, _):
        ends_in_error(served, stream(served), "Internal error")


async def hanging(_: Completion) -> AsyncGenerator[Item, None]:
    yield Text("a")
    await anyio.sleep_forever()


def test_a_provider_that_hangs_is_given_up(database: str) -> None:
    with serving_chat(database, hanging, call_timeout="0.5") as (served, providers):
        ends_in_error(served, stream(served), "The answer took longer than this server allows")
        assert providers["openai"].ended == 1


async def endless(_: Completion) -> AsyncGenerator[Item, None]:
    while True:
        yield Text("and so on ")


def test_an_answer_without_end_is_cut(database: str) -> None:
    with serving_chat(database, endless, answer_limit="1000") as (served, providers):
        ends_in_error(served, stream(served), "The answer is longer than this server allows")
        assert providers["openai"].ended == 1


# The tools ------------------------------------------------------------------------------------------------------------


async def calls_a_tool_for_ever(_: Completion) -> AsyncGenerator[Item, None]:
    yield REQUEST


def test_a_model_that_calls_tools_for_ever_is_stopped_after_the_rounds_allowed(database: str) -> None:
    with serving_chat(database, calls_a_tool_for_ever, Stub(), tool_rounds="3") as (served, providers):
        events = stream(served)
        ends_in_error(served, events, "The model kept calling tools and gave no answer")
        assert len(chat(served, events)["toolCalls"]) == 3
    assert [event for event, _ in events] == ["meta", "tool_call", "tool_call", "tool_call", "error"]
    assert [len(asked.tools) for asked in providers["openai"].asked] == [1, 1, 1, 0]


async def calls_tools_while_it_may(completion: Completion) -> AsyncGenerator[Item, None]:
    yield REQUEST if completion.tools else Text("Enough.")


def test_a_model_that_answers_once_it_is_offered_no_tools_has_answered(database: str) -> None:
    with serving_chat(database, calls_tools_while_it_may, Stub(), tool_rounds="2") as (served, _):
        assert stream(served)[-1][1]["text"] == "Enough."


class Hanging:
    """A tool that never comes back."""

    tool = Tool("look", "Looks for ever.", {"type": "object"})

    async def run(self, _: Any) -> Outcome:
        await anyio.sleep_forever()
        raise AssertionError


async def looks_once(completion: Completion) -> AsyncGenerator[Item, None]:
    yield REQUEST if not tool_results(completion) else Text(tool_results(completion)[-1].content)


def test_a_tool_that_hangs_has_failed_and_the_model_is_told(database: str) -> None:
    with serving_chat(database, looks_once, Toolbox([Hanging()], 0.2)) as (served, _):
        events = stream(served)
        assert [event for event, _ in events] == ["meta", "tool_call", "delta", "done"]
        assert events[1][1]["status"] == chat(served, events)["toolCalls"][0]["status"] == "failed"
        assert "did not finish in time" in events[-1][1]["text"]


# Clients --------------------------------------------------------------------------------------------------------------


async def look_then_talk_for_ever(completion: Completion) -> AsyncGenerator[Item, None]:
    if not tool_results(completion):
        yield REQUEST
        return
    yield Text("a")
    await anyio.sleep_forever()


async def silent(_: Completion) -> AsyncGenerator[Item, None]:
    await anyio.sleep_forever()
    yield Text("never")


async def look_then_nothing(completion: Completion) -> AsyncGenerator[Item, None]:
    if not tool_results(completion):
        yield REQUEST
        return
    await anyio.sleep_forever()


async def looks_for_ever(_: str) -> ToolResult:
    await anyio.sleep_forever()
    raise AssertionError


def left(served: Served, providers: dict[str, Scripted], mark: bytes) -> dict[str, Any]:
    """The chat of a client that has left once it read this, as soon as its call has ended."""
    with served.connect() as connection:
        connection.sendall(post_bytes(PATH, json.dumps(HELLO).encode()))
        read_until(connection, mark)
    eventually(lambda: providers["openai"].asked and providers["openai"].ended == len(providers["openai"].asked))
    (listed,) = served.client.get("/v1/chats").json()["chats"]

    def ended() -> dict[str, Any] | None:
        shown = chat(served, listed["chatId"])
        return shown if shown["calls"][0]["status"] != "running" else None

    found: dict[str, Any] = eventually(ended)
    return found


@pytest.mark.parametrize(
    ("script", "tool", "mark", "tool_calls"),
    [
        (silent, None, b"event: meta", 0),
        (look_then_talk_for_ever, looks_for_ever, b"event: meta", 0),
        (look_then_nothing, None, b"event: tool_call", 1),
        (look_then_talk_for_ever, None, b"event: delta", 1),
    ],
    ids=["after meta", "while a tool runs", "after tool_call", "after delta"],
)
def test_a_client_that_leaves_aborts_the_call(
    database: str, script: Script, tool: Callable[[str], Any] | None, mark: bytes, tool_calls: int
) -> None:
    with serving_chat(database, script, Stub(tool)) as (served, providers):
        shown = left(served, providers, mark)
        assert [row["role"] for row in shown["messages"]] == ["user"]
        assert shown["calls"][0]["status"] == "aborted"
        assert "client left" in shown["calls"][0]["error"]
        assert len(shown["toolCalls"]) == tool_calls
        assert eventually(
            lambda: served.metrics()['streamcontract_open_streams{operation="streamChatCompletion"}'] == 0
        )


def test_a_client_that_leaves_after_done_has_its_answer(database: str) -> None:
    with serving_chat(database, saying("Hello")) as (served, providers):
        shown = left(served, providers, b"event: done")
    assert shown["messages"][-1]["content"] == "Hello"
    assert shown["calls"][0]["status"] == "completed"


def test_a_server_that_stops_ends_its_streams_and_records_it(database: str) -> None:
    with serving_chat(database, hanging) as (served, _), ThreadPoolExecutor() as pool:
        asking = pool.submit(stream, served)
        eventually(
            lambda: served.metrics().get('streamcontract_events_total{operation="streamChatCompletion",symbol="delta"}')
        )
        served.app.stop()
        events = asking.result(timeout=20)
        assert events[-1][0] == "error"
    with serving_chat(database) as (served, _):
        shown = chat(served, events)
    assert [row["role"] for row in shown["messages"]] == ["user"]
    assert shown["calls"][0]["status"] == "aborted"


KILLED = """
import sys
sys.path[:0] = sys.argv[2:]
from services.chat.chatting import serving_chat, stream
from services.chat.test_faults import hanging
with serving_chat(sys.argv[1], hanging) as (served, _):
    stream(served)
"""


def test_the_call_of_a_server_that_was_killed_is_ended_by_a_later_one(database: str) -> None:
    def calls() -> list[tuple[str, str]]:
        async def look() -> Any:
            async with connected(database) as connection:
                return (await connection.exec_driver_sql("SELECT id, status FROM llm_calls")).all()

        return [tuple(row) for row in anyio.run(look)]

    async def an_hour_later() -> None:
        async with connected(database) as connection:
            await connection.exec_driver_sql("UPDATE llm_calls SET started_at = started_at - 3600000")

    anyio.run(migrate, database)
    process = subprocess.Popen([sys.executable, "-c", KILLED, database, *sys.path], stderr=subprocess.DEVNULL)
    try:
        ((_, status),) = eventually(calls, 60)
    finally:
        process.kill()
        process.wait()
    assert status == "running"
    with serving_chat(database):
        assert [status for _, status in calls()] == ["running"], "another server might still run it"
    anyio.run(an_hour_later)
    with serving_chat(database) as (served, _):
        (listed,) = served.client.get("/v1/chats").json()["chats"]
        shown = chat(served, listed["chatId"])
    assert shown["calls"][0]["status"] == "aborted"
    assert [row["role"] for row in shown["messages"]] == ["user"]


# Several at once ------------------------------------------------------------------------------------------------------


def test_two_streams_on_one_chat_lose_and_mix_nothing(database: str) -> None:
    both = threading.Barrier(2)

    async def together(completion: Completion) -> AsyncGenerator[Item, None]:
        if len(completion.messages) > 1:  # the first one makes the chat
            await anyio.to_thread.run_sync(both.wait, 30)
        yield Text(f"answer to {completion.messages[-1].content}")

    with serving_chat(database, together) as (served, _):
        id_ = stream(served)[0][1]["chatId"]

        def go_on(content: str) -> list[tuple[str, Any]]:
            return stream(served, chatId=id_, messages=[*HELLO["messages"], {"role": "user", "content": content}])

        with ThreadPoolExecutor() as pool:
            ends = [events[-1][0] for events in pool.map(go_on, ["one", "two"])]
        shown = [row["content"] for row in chat(served, id_)["messages"]]
    assert ends == ["done", "done"]
    pairs = [tuple(shown[at : at + 2]) for at in range(0, 6, 2)]
    assert pairs[0] == ("Hello", "answer to Hello")
    assert set(pairs[1:]) == {("one", "answer to one"), ("two", "answer to two")}


def test_a_chat_deleted_in_mid_stream_stays_deleted_and_the_stream_is_told(database: str) -> None:
    go_on = threading.Event()

    async def waiting(_: Completion) -> AsyncGenerator[Item, None]:
        yield Text("a")
        await until(go_on)

    with serving_chat(database, waiting) as (served, _), served.client.stream("POST", PATH, json=HELLO) as response:
        content = response.iter_raw()
        got = b""
        while b"delta" not in got:
            got += next(content)
        path = f"/v1/chats/{parsed(got)[0][1]['chatId']}"
        assert served.client.delete(path).status_code == 204
        go_on.set()
        got += b"".join(content)
        assert served.client.get(path).status_code == 404
        assert served.client.get("/v1/chats").json() == {"chats": []}
    judge(HELLO, got)
    event, last = parsed(got)[-1]
    assert event == "error"
    assert last["message"].startswith("The chat was deleted")
