"""How the tests of the providers ask, and what OpenAI and Anthropic send, after their public documentation."""

from contextlib import aclosing
from typing import Any

import anyio
from wire_server import sse

from streamcontract.services.chat.providers.make import make_providers
from streamcontract.services.chat.providers.provider import (
    Completion,
    Message,
    Provider,
    Text,
    Tool,
    ToolRequest,
    Usage,
)
from streamcontract.services.chat.settings import ChatSettings

KEY = "sk-very-secret-0123456789"
HELLO = Completion("some-model", (Message("user", "Hello"),))
WEATHER = Tool("weather", "Tells the weather.", {"type": "object", "properties": {"city": {"type": "string"}}})

Item = Text | ToolRequest | Usage


def provider(name: str, url: str, **settings: Any) -> Provider:
    given: dict[str, Any] = {"providers": "real", "provider_timeout": 10, "call_timeout": 30, "provider_retries": 0}
    base = url if name == "anthropic" else f"{url}/v1"
    keyed = {f"{name}_base_url": base, f"{name}_api_key": KEY}
    return make_providers(ChatSettings(**{**given, **keyed, **settings}))[name]


async def gather(made: Provider, completion: Completion = HELLO) -> list[Item]:
    try:
        async with aclosing(made.stream(completion)) as items:
            return [item async for item in items]
    finally:
        await made.close()


def ask(name: str, url: str, completion: Completion = HELLO, **settings: Any) -> list[Item]:
    return anyio.run(gather, provider(name, url, **settings), completion)


def text(items: list[Item]) -> str:
    return "".join(item.text for item in items if isinstance(item, Text))


def chunk(delta: dict[str, Any] | None = None, finish: str | None = None, **more: Any) -> dict[str, Any]:
    """One chunk of OpenAI's."""
    choices = [] if delta is None else [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m", "service_tier": None}
    return {**head, "choices": choices, **more}


USAGE = chunk(usage={"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12})

OPENAI = [
    chunk({"role": "assistant", "content": "", "refusal": None}),
    chunk({"content": "Grüße, "}),
    chunk({"content": "Welt 🌍"}),
    chunk({}, "stop"),
    USAGE,
]


def openai_stream(chunks: list[dict[str, Any]] | None = None, *, end: str = "\n") -> bytes:
    events = [sse(each, end=end) for each in (OPENAI if chunks is None else chunks)]
    return b"".join([*events, sse("[DONE]", end=end)])


def delta(piece: str) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": piece}}


START = {
    "type": "message_start",
    "message": {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "content": [],
        "model": "m",
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {
            "input_tokens": 4,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 5,
            "output_tokens": 1,
        },
    },
}


def stop(reason: str = "end_turn", **usage: int) -> dict[str, Any]:
    usage = usage or {"output_tokens": 3}
    return {"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": None}, "usage": usage}


ANTHROPIC = [
    START,
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "ping"},
    delta("Grüße, "),
    delta("Welt 🌍"),
    {"type": "content_block_stop", "index": 0},
    stop(),
    {"type": "message_stop"},
]


def anthropic_stream(events: list[dict[str, Any]] | None = None, *, end: str = "\n") -> bytes:
    chosen = ANTHROPIC if events is None else events
    return b"".join(sse(event, event["type"], end=end) for event in chosen)


WHOLE = {"openai": openai_stream, "xai": openai_stream, "anthropic": anthropic_stream}
PATHS = {"openai": "/v1/chat/completions", "xai": "/v1/chat/completions", "anthropic": "/v1/messages"}
BEGUN = {
    "openai": b"".join(sse(each) for each in OPENAI[:2]),
    "anthropic": b"".join(sse(event, event["type"]) for event in ANTHROPIC[:4]),
}
