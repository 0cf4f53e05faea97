"""How the tests of the engines ask, and what a llama-server sends, as it was recorded."""

from contextlib import aclosing
from typing import Any

import anyio
import msgspec
import pytest
from wire_server import sse

from streamcontract.services.tasks.engines.engine import Engine, EngineError, Job
from streamcontract.services.tasks.engines.llamacpp import LlamaCpp
from streamcontract.services.tasks.engines.openai_engine import OpenAIEngine
from streamcontract.services.tasks.engines.retrying import Retries

KEY = "sk-very-secret-0123456789"
HELLO = Job(prompt="Hello", model_ref="hf:maker/tiny", max_tokens=16)
PATHS = {"llamacpp": "/completion", "openai": "/v1/completions"}


def engine(name: str, url: str, *, key: str = KEY, silence: float = 10.0, retries: int = 0, model: str = "") -> Engine:
    rule = Retries(retries, first=0.01, longest=0.02, patience=1.0)
    if name == "llamacpp":
        return LlamaCpp(url, key, silence=silence, retries=rule)
    return OpenAIEngine(url, key, engine="llamacpp", model=model, silence=silence, retries=rule)


async def gather(made: Engine, job: Job = HELLO) -> list[str]:
    async with aclosing(made.tokens(job)) as tokens:
        return [token async for token in tokens]


async def hear(made: Engine, job: Job = HELLO) -> tuple[list[str], EngineError | None]:
    """The tokens, and the error behind them, if there was one."""
    got: list[str] = []
    try:
        async with aclosing(made.tokens(job)) as tokens:
            async for token in tokens:
                got.append(token)  # noqa: PERF401 - what came before an error is kept
    except EngineError as error:
        return got, error
    finally:
        await made.close()
    return got, None


def ask(name: str, url: str, job: Job = HELLO, **settings: Any) -> list[str]:
    async def run() -> list[str]:
        made = engine(name, url, **settings)
        try:
            return await gather(made, job)
        finally:
            await made.close()

    return anyio.run(run)


def changed(job: Job = HELLO, **changes: Any) -> Job:
    return msgspec.structs.replace(job, **changes)


def llama(content: str, predicted: int = 1, *, stop: bool = False, **more: Any) -> dict[str, Any]:
    """One event of `/completion`, as build b1-0c1e570 sends it."""
    head = {"index": 0, "content": content, "tokens": [7], "stop": stop, "id_slot": -1}
    return {**head, "tokens_predicted": predicted, "tokens_evaluated": 3, **more}


def completion(text: str | None, finish: str | None = None, **more: Any) -> dict[str, Any]:
    """One chunk of `/v1/completions`."""
    choices = [] if text is None else [{"text": text, "index": 0, "logprobs": None, "finish_reason": finish}]
    head = {"id": "chatcmpl-1", "object": "text_completion", "created": 1, "model": "tiny"}
    return {**head, "choices": choices, **more}


TEXTS = ["Grüße, ", "Welt 🌍"]

EVENTS: dict[str, list[Any]] = {
    "llamacpp": [llama("Grüße, "), llama("", 2), llama("Welt 🌍", 3), llama("", 3, stop=True)],
    "openai": [
        completion("Grüße, "),
        completion(""),
        completion("Welt 🌍"),
        completion("", "stop", usage={"prompt_tokens": 3, "completion_tokens": 3, "total_tokens": 6}),
        "[DONE]",
    ],
}


def whole(name: str, end: str = "\n") -> bytes:
    return b"".join(sse(event, end=end) for event in EVENTS[name])


BEGUN = {name: sse(events[0]) for name, events in EVENTS.items()}


BOTH = pytest.mark.parametrize("name", ["llamacpp", "openai"])


def failure(name: str, url: str, **settings: Any) -> EngineError:
    with pytest.raises(EngineError) as caught:
        ask(name, url, **settings)
    assert KEY not in str(caught.value)
    assert KEY not in caught.value.message
    assert "127.0.0.1" not in caught.value.message
    assert caught.value.__cause__ is None
    return caught.value


def token(name: str, text: str) -> bytes:
    return sse(llama(text) if name == "llamacpp" else completion(text))


def last(name: str) -> bytes:
    return sse(llama("", stop=True) if name == "llamacpp" else completion("", "stop"))
