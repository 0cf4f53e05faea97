"""The providers against a real llama.cpp server, through its OpenAI and its Anthropic endpoint.

LLAMA_SERVER names its URL. Its model may have random weights: what it says does not matter here. One that samples raw
bytes now and then leaves out the first chunk or event, which is why each test asks several times.
"""

import os
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import anyio
import httpx2
import msgspec
import pytest
from services.chat.providers.asking import WEATHER, Item, ask, provider, text

from streamcontract.services.chat.providers.provider import (
    Completion,
    Message,
    Provider,
    ProviderError,
    Text,
    ToolRequest,
    Usage,
)

URL = os.environ.get("LLAMA_SERVER", "").rstrip("/")

pytestmark = [
    pytest.mark.skipif(not URL, reason="LLAMA_SERVER does not name the URL of a llama.cpp server"),
    pytest.mark.parametrize("name", ["openai", "anthropic"]),
]

TIMES = 20
PATIENCE = 60
LONGEST = 16
ASKED = Completion("tiny", (Message("system", "Be brief."), Message("user", "Hello, 世界!")), 0.8, LONGEST)


@asynccontextmanager
async def asking(name: str) -> AsyncIterator[Provider]:
    # It closes its connections now and then; a call on one fails before its first byte, and is made again.
    made = provider(name, URL, provider_timeout=60, call_timeout=120, provider_retries=2)
    try:
        yield made
    finally:
        await made.close()


async def collect(made: Provider, completion: Completion) -> list[Item]:
    async with aclosing(made.stream(completion)) as items:
        return [item async for item in items]


def check(name: str, items: list[Item]) -> None:
    """A whole answer: its text, of which there is none where the model stopped at once, and then its usage."""
    assert all(isinstance(item, Text) for item in items[:-1])
    if name == "anthropic" and not (items and isinstance(items[-1], Usage)):
        return  # without `message_start` nobody tells how many tokens the question has, and no number is made up
    usage = items[-1]
    assert isinstance(usage, Usage)
    assert usage.input_tokens > 1
    assert 1 <= usage.output_tokens <= LONGEST


def test_each_answer_is_whole_and_its_usage_is_told(name: str) -> None:
    async def run() -> list[list[Item]]:
        async with asking(name) as made:
            return [await collect(made, ASKED) for _ in range(TIMES)]

    found = anyio.run(run)
    for items in found:
        check(name, items)
    assert any(text(items) for items in found)


def test_many_answers_at_once_are_whole(name: str) -> None:
    found: list[list[Item]] = []

    async def run() -> None:
        async with asking(name) as made, anyio.create_task_group() as group:

            async def one() -> None:
                found.append(await collect(made, ASKED))

            for _ in range(TIMES):
                group.start_soon(one)

    anyio.run(run)
    assert len(found) == TIMES
    for items in found:
        check(name, items)
    assert any(text(items) for items in found)


def test_what_it_refuses_is_told_in_our_words(name: str) -> None:
    long = msgspec.structs.replace(ASKED, messages=(Message("user", "word " * 5000),))
    with pytest.raises(ProviderError) as caught:
        ask(name, URL, long)
    assert caught.value.public == "the provider refused the request"


def test_leaving_frees_its_only_slot_at_once(name: str) -> None:
    """It says whether its slot works. The best of some tries counts: the machine may be busy with other things."""
    long = msgspec.structs.replace(ASKED, max_tokens=900)

    async def freed_after(made: Provider) -> float:
        async with httpx2.AsyncClient(base_url=URL) as client:
            async with aclosing(made.stream(long)) as items:
                await anext(items)
            left = time.monotonic()
            while any(slot["is_processing"] for slot in (await client.get("/slots")).json()):
                assert time.monotonic() - left < PATIENCE
            return time.monotonic() - left

    async def run() -> tuple[float, float]:
        async with asking(name) as made:
            wholes = []
            for _ in range(5):  # some stop early by themselves
                began = time.monotonic()
                await collect(made, long)
                wholes.append(time.monotonic() - began)
            return min([await freed_after(made) for _ in range(5)]), max(wholes)

    freed, whole = anyio.run(run)
    assert freed < whole / 3


def test_tools_and_what_they_said_are_accepted(name: str) -> None:
    """A model with random weights calls none, but the server checks the form of what it is sent."""
    messages = (
        Message("user", "Weather?", name="Ann Lee"),
        Message("assistant", "", requests=(ToolRequest("a", "weather", '{"city": "Bonn"}'),)),
        Message("tool", "rain", name="weather", request_id="a"),
        Message("tool", "from before", name="notes"),
    )

    async def run() -> list[Item]:
        async with asking(name) as made:
            return await collect(made, msgspec.structs.replace(ASKED, messages=messages, tools=(WEATHER,)))

    check(name, anyio.run(run))
