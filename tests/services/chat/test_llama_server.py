"""The service over a real llama.cpp server, by its OpenAI and its Anthropic endpoint, both databases.

LLAMA_SERVER names its URL. Its model may have random weights: what it says does not matter here.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from served import eventually
from services.chat.chatting import HELLO, PATH, chat, serving_chat, stream

URL = os.environ.get("LLAMA_SERVER", "").rstrip("/")

pytestmark = [
    pytest.mark.skipif(not URL, reason="LLAMA_SERVER does not name the URL of a llama.cpp server"),
    pytest.mark.parametrize("provider", ["openai", "xai", "anthropic"]),
]

TIMES = 10
LONGEST = 16


def serving(database: str) -> Any:
    real = {"providers": "real", "openai_base_url": f"{URL}/v1", "xai_base_url": f"{URL}/v1", "anthropic_base_url": URL}
    return serving_chat(database, **real, **{f"{name}_api_key": "none" for name in ("openai", "xai", "anthropic")})


def test_each_stream_conforms_and_is_stored(database: str, provider: str) -> None:
    said = []
    with serving(database) as (served, _):
        for _ in range(TIMES):
            events = stream(served, provider=provider, maxTokens=LONGEST)
            name, last = events[-1]
            assert name == "done", last
            shown = chat(served, events)
            assert shown["messages"][-1]["content"] == last["text"]
            assert shown["calls"][0].get("usage") == last.get("usage")
            said.append(last["text"])
    assert any(said)


def test_streams_at_once_on_one_chat_are_all_stored(database: str, provider: str) -> None:
    with serving(database) as (served, _):
        id_ = stream(served, provider=provider, maxTokens=LONGEST)[0][1]["chatId"]

        def go_on(number: int) -> list[tuple[str, Any]]:
            messages = [*HELLO["messages"], {"role": "user", "content": f"More {number}"}]
            return stream(served, provider=provider, chatId=id_, messages=messages, maxTokens=LONGEST)

        with ThreadPoolExecutor(4) as pool:
            last = {events[0][1]["callId"]: events[-1] for events in pool.map(go_on, range(4))}
        shown = chat(served, id_)
    assert {name for name, _ in last.values()} == {"done"}
    answers = {row["callId"]: row["content"] for row in shown["messages"] if row["role"] == "assistant"}
    assert {call: answers[call] for call in last} == {call: data["text"] for call, (_, data) in last.items()}


def test_a_client_that_leaves_aborts_its_call(database: str, provider: str) -> None:
    body = {**HELLO, "provider": provider, "maxTokens": 900}
    with serving(database) as (served, _):
        with served.client.stream("POST", PATH, json=body) as response:
            assert next(response.iter_lines()) == "event: meta"
        (listed,) = served.client.get("/v1/chats").json()["chats"]
        eventually(lambda: chat(served, listed["chatId"])["calls"][0]["status"] == "aborted")
        shown = chat(served, listed["chatId"])
    assert [row["role"] for row in shown["messages"]] == ["user"]
