"""What only OpenAI's format has: the model's name, chunks without a choice, the ways to finish."""

import anyio
import pytest
from services.tasks.engines.working import TEXTS, ask, changed, completion, gather, whole
from wire_server import serving, sse

from streamcontract.services.tasks.engines.engine import EngineError
from streamcontract.services.tasks.engines.openai_engine import OpenAIEngine
from streamcontract.services.tasks.engines.retrying import Retries

USAGE = {"prompt_tokens": 3, "completion_tokens": 3, "total_tokens": 6}


def body(*events: object) -> bytes:
    return b"".join(map(sse, events))


@pytest.mark.parametrize(
    ("set_", "model_ref", "named"),
    [
        ("", "hf:qwen/qwen3-8b", "qwen/qwen3-8b"),
        ("", "https://host/models/a.gguf", "host/models/a.gguf"),
        ("", "oci:registry/model:tag", "registry/model:tag"),
        ("house-model", "hf:qwen/qwen3-8b", "house-model"),
    ],
)
def test_the_model_is_the_pool_s_or_what_the_job_refers_to(set_: str, model_ref: str, named: str) -> None:
    with serving(lambda exchange: exchange.answer(whole("openai"))) as server:
        ask("openai", server.url, changed(model_ref=model_ref), model=set_)
    assert server.seen[0].body["model"] == named


def test_a_base_url_may_end_with_the_version() -> None:
    with serving(lambda exchange: exchange.answer(whole("openai"))) as server:
        assert ask("openai", f"{server.url}/v1") == TEXTS
    assert server.seen[0].path == "/v1/completions"


def test_only_what_the_format_has_is_sent() -> None:
    with serving(lambda exchange: exchange.answer(whole("openai"))) as server:
        ask("openai", server.url, changed(seed=5, max_tokens=9))
    assert server.seen[0].body == {
        "model": "maker/tiny",
        "prompt": "Hello",
        "max_tokens": 9,
        "seed": 5,
        "temperature": 0.8,
        "top_p": 0.95,
        "stream": True,
    }


@pytest.mark.parametrize(("engine", "more"), [("llamacpp", {"cache_prompt": False}), ("vllm", {}), ("tgi", {})])
def test_what_strict_needs_is_sent_to_the_engine_that_knows_it(engine: str, more: dict[str, bool]) -> None:
    async def run(url: str) -> None:
        made = OpenAIEngine(url, "", engine=engine, model="m", silence=5, retries=Retries(0))
        await gather(made, changed(strict=True))
        await made.close()

    with serving(lambda exchange: exchange.answer(whole("openai"))) as server:
        anyio.run(run, server.url)
    asked = server.seen[0].body
    assert {key: value for key, value in asked.items() if key.startswith("cache")} == more
    assert "seed" in asked


def test_a_chunk_may_hold_several_tokens_none_or_no_choice() -> None:
    sent = body(
        completion(None),
        completion(""),
        completion("one two "),
        completion(None, usage=USAGE),
        {"id": "x"},
        completion("three", "length"),
        completion(None, usage=USAGE),
        "[DONE]",
    )
    with serving(lambda exchange: exchange.answer(sent)) as server:
        assert ask("openai", server.url) == ["one two ", "three"]


def test_only_the_first_choice_is_heard() -> None:
    other = completion("other")
    other["choices"][0]["index"] = 1
    with serving(lambda exchange: exchange.answer(body(other) + whole("openai"))) as server:
        assert ask("openai", server.url) == TEXTS


@pytest.mark.parametrize("reason", ["stop", "length", "eos_token", "stop_sequence"])
def test_an_answer_with_a_finish_reason_is_whole(reason: str) -> None:
    with serving(lambda exchange: exchange.answer(body(completion("a", reason)))) as server:
        assert ask("openai", server.url) == ["a"]


@pytest.mark.parametrize("reason", ["abort", "error"])
def test_an_answer_that_the_server_gave_up_is_not_whole(reason: str) -> None:
    sent = body(completion("a"), completion("", reason))
    with serving(lambda exchange: exchange.answer(sent)) as server, pytest.raises(EngineError) as caught:
        ask("openai", server.url)
    assert caught.value.code == "WORKER_RESET"


def test_done_alone_is_no_whole_answer() -> None:
    sent = body(completion("a"), "[DONE]")
    with serving(lambda exchange: exchange.answer(sent)) as server, pytest.raises(EngineError) as caught:
        ask("openai", server.url)
    assert caught.value.code == "WORKER_RESET"


@pytest.mark.parametrize(("set_", "code"), [("", "INVALID_PARAMS"), ("house-model", "POOL_UNAVAILABLE")])
def test_a_model_that_is_not_there_is_the_mistake_of_who_named_it(set_: str, code: str) -> None:
    said = b'{"object": "error", "message": "The model `maker/tiny` does not exist.", "code": 404}'
    with (
        serving(lambda exchange: exchange.answer(said, 404, "application/json")) as server,
        pytest.raises(EngineError) as caught,
    ):
        ask("openai", server.url, model=set_)
    assert caught.value.code == code
    assert ("does not exist" in caught.value.message) is (code == "INVALID_PARAMS")
