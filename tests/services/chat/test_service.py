"""The service from its contract, over a real socket and both databases."""

import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from served import LIMIT
from services.chat.chatting import (
    CONTRACT,
    HELLO,
    PATH,
    REQUEST,
    Item,
    Stub,
    chat,
    saying,
    serving_chat,
    stream,
    tool_results,
)
from structlog.testing import capture_logs

from streamcontract import Contract
from streamcontract.server import Settings
from streamcontract.services.chat import service as chat_service
from streamcontract.services.chat.providers.provider import Completion, Text, ToolRequest, Usage
from streamcontract.services.chat.service import running
from streamcontract.services.chat.settings import ChatSettings
from streamcontract.services.chat.store.reading import load
from streamcontract.services.chat.store.rows import Row
from streamcontract.services.chat.tools.toolbox import ToolResult


@pytest.fixture
def sqlite(tmp_path: Path) -> str:
    """For what has nothing to do with the database."""
    return f"sqlite:///{tmp_path / 'chat.db'}"


def examples() -> dict[str, Any]:
    operation = Contract.load(CONTRACT).document.tree["paths"][PATH]["post"]
    given = operation["requestBody"]["content"]["application/json"]["examples"]
    return {name: example["value"] for name, example in given.items()}


ENDS = {
    "question": "meta delta done",
    "history": "meta delta done",
    "tools": "meta tool_call delta done",
    "silence": "meta done",
    "silence-after-a-tool": "meta tool_call done",
    "failure": "meta error",
    "failure-after-a-tool": "meta tool_call error",
    "failure-midway": "meta delta error",
}


@pytest.mark.parametrize("name", examples())
def test_the_built_in_provider_shows_every_way_through_a_stream(database: str, name: str) -> None:
    with serving_chat(database) as (served, _):
        events = stream(served, **examples()[name])
        shown = chat(served, events)
    assert " ".join(dict.fromkeys(event for event, _ in events)) == ENDS[name]
    call_id = events[0][1]["callId"]
    answers = [message["content"] for message in shown["messages"] if message.get("callId") == call_id]
    event, last = events[-1]
    if event == "done":
        assert answers == [last["text"]]
        assert shown["calls"][0]["status"] == "completed"
        assert shown["calls"][0]["usage"] == last["usage"]
    else:
        assert answers == []
        assert (shown["calls"][0]["status"], shown["calls"][0]["error"]) == ("failed", last["message"])
    sent = [data["toolCallId"] for event, data in events if event == "tool_call"]
    assert [tool_call["toolCallId"] for tool_call in shown["toolCalls"]] == sent


def test_a_conversation_goes_on_in_one_chat(database: str) -> None:
    with serving_chat(database, saying("Green.")) as (served, providers):
        first = stream(served)
        history = [*HELLO["messages"], {"role": "assistant", "content": "Green."}, {"role": "user", "content": "More"}]
        id_ = first[0][1]["chatId"]
        second = stream(served, chatId=id_, messages=history)
        shown = chat(served, second)
    assert second[0][1]["chatId"] == id_
    assert [message["content"] for message in shown["messages"]] == ["Hello", "Green.", "More", "Green."]
    assert [call["callId"] for call in shown["calls"]] == [events[0][1]["callId"] for events in (first, second)]
    assert [message.content for message in providers["openai"].asked[1].messages] == ["Hello", "Green.", "More"]


def test_the_provider_is_asked_what_the_request_says(sqlite: str) -> None:
    with serving_chat(sqlite, saying("x"), Stub()) as (served, providers):
        stream(served, provider="xai", temperature=0.5, maxTokens=7.0)
    (asked,) = providers["xai"].asked
    assert (asked.model, asked.temperature, asked.max_tokens) == ("m", 0.5, 7)
    assert [tool.name for tool in asked.tools] == ["look"]


async def uses_a_tool(completion: Completion) -> AsyncGenerator[Item, None]:
    if tool_results(completion):
        yield Text("It is blue.")
    else:
        yield REQUEST
    yield Usage(10, 1)


def test_a_tool_runs_and_the_model_is_told(database: str) -> None:
    with serving_chat(database, uses_a_tool, Stub()) as (served, providers):
        events = stream(served)
    assert [event for event, _ in events] == ["meta", "tool_call", "delta", "done"]
    told = events[1][1]
    assert (told["name"], told["status"], told["args"], told["resultPreview"]) == (
        "look",
        "completed",
        {"at": "it"},
        "blue",
    )
    *_, requested, result = providers["openai"].asked[1].messages
    assert requested.requests == (REQUEST,)
    assert (result.role, result.request_id, result.content) == ("tool", REQUEST.id, "It is blue.")
    assert events[-1][1]["usage"] == {"inputTokens": 20, "outputTokens": 2, "totalTokens": 22}


def test_anthropic_is_offered_no_tools(sqlite: str) -> None:
    with serving_chat(sqlite, saying("x"), Stub()) as (served, providers):
        stream(served, provider="anthropic")
    assert providers["anthropic"].asked[0].tools == ()


async def text_then_tool(completion: Completion) -> AsyncGenerator[Item, None]:
    if not tool_results(completion):
        yield Text("Let me look. ")
        yield REQUEST
    else:
        yield Text("Blue.")


def test_a_tool_called_once_text_has_begun_is_stored_and_not_told(database: str) -> None:
    with serving_chat(database, text_then_tool, Stub()) as (served, providers):
        events = stream(served)
        shown = chat(served, events)
    assert [event for event, _ in events] == ["meta", "delta", "delta", "done"]
    assert events[-1][1]["text"] == "Let me look. Blue."
    assert [tool_call["name"] for tool_call in shown["toolCalls"]] == ["look"]
    assert providers["openai"].asked[1].messages[-2].content == "Let me look. "


async def same_id_each_time(completion: Completion) -> AsyncGenerator[Item, None]:
    if len(tool_results(completion)) < 3:
        yield REQUEST
    else:
        yield Text("Done.")


def test_tool_calls_get_ids_of_their_own(database: str) -> None:
    with serving_chat(database, same_id_each_time, Stub()) as (served, _):
        events = stream(served)
    assert len({data["toolCallId"] for event, data in events if event == "tool_call"}) == 3


def test_usage_is_left_out_where_a_round_does_not_tell(sqlite: str) -> None:
    with serving_chat(sqlite, saying("x")) as (served, _):
        events = stream(served)
        assert "usage" not in events[-1][1]
        assert "usage" not in chat(served, events)["calls"][0]


async def odd(arguments: str) -> ToolResult:
    return ToolResult({"n": 10**400, "\ud800": 1}, "a\0b", "nul\0", "x\ud800", "bad\0")


async def odd_text(completion: Completion) -> AsyncGenerator[Item, None]:
    if not tool_results(completion):
        yield ToolRequest("", "na\0me", "{")
    else:
        yield Text("a\0b\ud800")
        yield Text("")


def test_text_that_no_database_takes_is_made_fit(database: str) -> None:
    with serving_chat(database, odd_text, Stub(odd)) as (served, _):
        events = stream(served)
        shown = chat(served, events)
    assert [event for event, _ in events] == ["meta", "tool_call", "delta", "done"]
    assert shown["messages"][-1]["content"] == events[-1][1]["text"] == "a\ufffdb?"
    assert shown["toolCalls"][0]["args"] == {}


def test_odd_bodies_never_reach_the_database(database: str) -> None:
    bodies = [
        json.dumps({**HELLO, "messages": [{"role": "user", "content": "a\0b"}]}),
        json.dumps({**HELLO, "messages": [{"role": "user", "content": "\ud800"}]}),
        json.dumps({**HELLO, "messages": []}),
        json.dumps({**HELLO, "temperature": 2.5}),
        json.dumps({**HELLO, "provider": "other"}),
        json.dumps({**HELLO, "chatId": "'; --"}),
    ]
    with serving_chat(database) as (served, _):
        for body in bodies:
            answer = served.client.post(PATH, content=body, headers={"Content-Type": "application/json"})
            assert answer.status_code == 400, body
            assert answer.headers["content-type"] == "application/problem+json"
        assert served.client.get("/v1/chats").json() == {"chats": []}


def test_an_unknown_chat_is_a_404_before_the_stream(database: str) -> None:
    with serving_chat(database) as (served, _):
        answers = [
            served.client.post(PATH, json={**HELLO, "chatId": "nothing"}),
            served.client.get("/v1/chats/nothing"),
            served.client.delete("/v1/chats/nothing"),
        ]
    assert [answer.status_code for answer in answers] == [404] * 3
    assert {answer.headers["content-type"] for answer in answers} == {"application/problem+json"}


def test_a_provider_without_a_key_is_a_503(sqlite: str) -> None:
    with serving_chat(sqlite, providers="real", openai_api_key="k") as (served, _):
        answer = served.client.post(PATH, json={**HELLO, "provider": "xai"})
        shown = served.client.get("/health").json()["services"]["chat"]
        assert served.client.get("/v1/chats").json() == {"chats": []}
    assert (answer.status_code, answer.json()["detail"]) == (503, "this server has no key for xai")
    assert (shown["providers"], shown["offered"]) == ("real", ["openai"])


def test_a_body_that_is_too_large_is_a_413(sqlite: str) -> None:
    with serving_chat(sqlite, settings=Settings(body_limit=1000)) as (served, _):
        answer = served.client.post(PATH, json={**HELLO, "model": "m" * 1000})
    assert answer.status_code == 413


def test_a_full_chat_is_a_409(database: str) -> None:
    with serving_chat(database, messages_limit="3") as (served, _):
        events = stream(served)
        more = [*HELLO["messages"], {"role": "user", "content": "More"}]
        answer = served.client.post(PATH, json={**HELLO, "chatId": events[0][1]["chatId"], "messages": more})
    assert answer.status_code == 409
    assert "begin a new one" in answer.json()["detail"]


def test_tokens_are_asked_for_when_some_are_set(sqlite: str) -> None:
    with serving_chat(sqlite, tokens="first, second") as (served, _):
        headers: list[dict[str, str]] = [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer second"}]
        asked = [served.client.post(PATH, json=HELLO, headers=given).status_code for given in headers]
        listed = [served.client.get("/v1/chats", headers=given).status_code for given in headers]
    assert asked == [401, 401, 200]
    assert listed == [401, 401, 200]


def test_pages_of_chats_lead_from_one_to_the_next(database: str) -> None:
    with serving_chat(database) as (served, _):
        made = [stream(served)[0][1]["chatId"] for _ in range(5)]
        get = served.client.get
        first = get("/v1/chats", params={"limit": 3}).json()
        second = get("/v1/chats", params={"limit": 3, "cursor": first["nextCursor"]}).json()
        wrong = get("/v1/chats", params={"cursor": "wrong"})
    assert [shown["chatId"] for shown in first["chats"] + second["chats"]] == made[::-1]
    assert "nextCursor" not in second
    assert wrong.status_code == 400
    assert wrong.json()["errors"][0]["parameter"] == "cursor"


def test_health_says_who_answers_and_where_it_is_stored(database: str) -> None:
    with serving_chat(database) as (served, _):
        shown = served.client.get("/health").json()["services"]["chat"]
    assert (shown["status"], shown["providers"]) == ("ok", "builtin")
    assert database.startswith(shown["database"])


def test_the_built_in_provider_is_announced_at_the_start(sqlite: str) -> None:
    async def start() -> None:
        async with running(ChatSettings(database_url=sqlite)):
            pass

    with capture_logs() as said:
        anyio.run(start)
    assert [entry for entry in said if entry["log_level"] == "warning" and "built-in" in entry["event"]]


@pytest.mark.parametrize("url", ["mysql://x/y", "nonsense", "sqlite://", "sqlite:///:memory:"])
def test_a_database_that_is_not_supported_is_an_error_of_the_settings(url: str) -> None:
    with pytest.raises(ValueError, match="database_url"):
        ChatSettings(database_url=url)


@pytest.mark.parametrize(
    "wrong",
    [
        {"database_url": "postgresql://u:PWSECRET@127.0.0.1:notaport/chat"},
        {"database_url": "mysql://u:PWSECRET@h/chat"},
        {"tokens": " , "},
        {"tokens": "PWSECRETé"},
        {"openai_base_url": "u:PWSECRET@nowhere"},
        {"search_url": "zzz"},
        {"answer_limit": 2_000_000},
    ],
    ids=str,
)
def test_a_wrong_setting_is_an_error_at_the_start_that_tells_no_secret(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))) as caught:
        ChatSettings(**wrong)
    assert "PWSECRET" not in str(caught.value)


def test_without_a_key_no_provider_is_said_to_be_there(sqlite: str) -> None:
    async def start() -> str:
        async with running(ChatSettings(database_url=sqlite, providers="real")) as service:
            return service.mode

    assert anyio.run(start) == "none"


def test_calls_that_nobody_runs_any_more_are_ended_while_the_server_runs(
    sqlite: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat_service, "LOST_SECONDS", 0.01)
    monkeypatch.setattr(chat_service, "MARGIN_MS", -3_600_000)  # any call that runs is taken for lost

    async def go() -> None:
        async with running(ChatSettings(database_url=sqlite)) as service:
            opened = await service.store.open(None, "openai", "m", [Row("user", "Hi")])
            with anyio.fail_after(LIMIT):
                while (await load(service.store, opened.chat_id)).calls[0]["status"] != "aborted":
                    await anyio.lowlevel.checkpoint()

    anyio.run(go)
