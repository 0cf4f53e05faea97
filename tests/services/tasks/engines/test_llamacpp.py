"""What only llama.cpp's own endpoint has: the context, the whole sampler, events with a limit of their own."""

from collections.abc import Callable
from typing import Any

import pytest
from services.tasks.engines.working import BEGUN, TEXTS, ask, changed, llama, whole
from wire_server import Exchange, serving, sse

from streamcontract.services.tasks.engines import chunks
from streamcontract.services.tasks.engines.engine import EngineError
from streamcontract.wire.decoder import Decoder, Limits

PROPS = b'{"default_generation_settings": {"n_ctx": 1024}, "total_slots": 1}'


def server_with(props: Callable[[Exchange], object]) -> Callable[[Exchange], object]:
    def answer(exchange: Exchange) -> object:
        if exchange.path == "/props":
            return props(exchange)
        return exchange.answer(whole("llamacpp"))

    return answer


def test_every_parameter_of_the_sampler_is_sent() -> None:
    with serving(lambda exchange: exchange.answer(whole("llamacpp"))) as server:
        ask("llamacpp", server.url, changed(seed=5, max_tokens=9))
    assert server.seen[0].body == {
        "prompt": "Hello",
        "stream": True,
        "n_predict": 9,
        "seed": 5,
        "temperature": 0.8,
        "top_k": 40,
        "top_p": 0.95,
        "min_p": 0.05,
        "samplers": ["top_k", "top_p", "min_p", "temperature"],
        "mirostat": 0,
        "dynatemp_range": 0.0,
        "cache_prompt": False,
        "response_fields": ["content", "stop", "tokens_predicted", "tokens_evaluated"],
    }


@pytest.mark.parametrize(
    ("reuse", "strict", "cached"), [(True, False, True), (True, True, False), (False, False, False)]
)
def test_what_was_read_before_is_used_where_it_may_be(reuse: bool, strict: bool, cached: bool) -> None:
    with serving(lambda exchange: exchange.answer(whole("llamacpp"))) as server:
        ask("llamacpp", server.url, changed(reuse=reuse, strict=strict))
    assert server.seen[0].body["cache_prompt"] is cached


def test_a_base_url_may_have_a_path_and_there_may_be_no_key() -> None:
    with serving(lambda exchange: exchange.answer(whole("llamacpp"))) as server:
        assert ask("llamacpp", f"{server.url}/models/a", key="") == TEXTS
    assert server.seen[0].path == "/models/a/completion"
    assert "authorization" not in server.seen[0].headers


@pytest.mark.parametrize(("context", "code"), [(1024, None), (1025, "INVALID_PARAMS")])
def test_a_context_that_the_engine_does_not_have_is_refused(context: int, code: str | None) -> None:
    job = changed(context=context)
    with serving(server_with(lambda exchange: exchange.answer(PROPS, content_type="application/json"))) as server:
        if code is None:
            assert ask("llamacpp", server.url, job) == TEXTS
            return
        with pytest.raises(EngineError) as caught:
            ask("llamacpp", server.url, job)
    assert caught.value.code == code
    assert caught.value.message == "the engine has a context of 1024 tokens, and 1025 were asked for"
    assert [exchange.path for exchange in server.seen] == ["/props"]


@pytest.mark.parametrize(
    "sent", [b"", b"[]", b"{}", b'{"default_generation_settings": {"n_ctx": "many"}}', b"[" * 99_999]
)
@pytest.mark.parametrize("status", [200, 404])
def test_an_engine_that_does_not_tell_its_context_is_asked_all_the_same(sent: bytes, status: int) -> None:
    with serving(server_with(lambda exchange: exchange.answer(sent, status, "application/json"))) as server:
        assert ask("llamacpp", server.url, changed(context=4096)) == TEXTS


def test_an_engine_that_is_still_loading_is_asked_for_its_context_again() -> None:
    def loading_once(exchange: Exchange) -> None:
        status = 503 if len(server.seen) == 1 else 200
        exchange.answer(PROPS, status, "application/json")

    with serving(server_with(loading_once)) as server:
        assert ask("llamacpp", server.url, changed(context=512), retries=1) == TEXTS
    assert [exchange.path for exchange in server.seen] == ["/props", "/props", "/completion"]


def answered(*events: dict[str, Any]) -> Callable[[Exchange], object]:
    body = b"".join(map(sse, events))

    def answer(exchange: Exchange) -> None:
        if exchange.path == "/props":
            exchange.answer(PROPS, content_type="application/json")
        else:
            exchange.answer(body)

    return answer


def test_a_job_ends_when_its_context_is_full() -> None:
    events = [llama(f"{number} ", number, tokens_evaluated=30) for number in range(1, 17)]
    with serving(answered(*events)) as server:
        assert ask("llamacpp", server.url, changed(context=35)) == ["1 ", "2 ", "3 ", "4 ", "5 "]


def test_a_prompt_that_fills_the_context_that_was_asked_for_is_refused() -> None:
    with serving(answered(llama("a", tokens_evaluated=32))) as server, pytest.raises(EngineError) as caught:
        ask("llamacpp", server.url, changed(context=32))
    assert caught.value.code == "INVALID_PARAMS"
    assert caught.value.message == "the prompt has 32 tokens, and the context that was asked for 32"


def test_a_line_beyond_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "Decoder", lambda: Decoder(Limits(line=1000, event=1000)))
    body = BEGUN["llamacpp"] + b"data: " + b"x" * 2000 + b"\n\n"
    with serving(lambda exchange: exchange.answer(body)) as server, pytest.raises(EngineError) as caught:
        ask("llamacpp", server.url)
    assert (caught.value.code, caught.value.message) == ("INTERNAL", "the engine's answer is too long")


def test_a_prompt_too_long_is_told_in_the_engine_s_words_cleaned_and_cut() -> None:
    said = "request (5003 tokens) exceeds the available\\n\\tcontext size\\u0007 (1024 tokens)" + " again" * 200
    body = f'{{"error": {{"code": 400, "message": "{said}", "type": "exceed_context_size_error"}}}}'.encode()
    with (
        serving(lambda exchange: exchange.answer(body, 400, "application/json")) as server,
        pytest.raises(EngineError) as caught,
    ):
        ask("llamacpp", server.url)
    told = caught.value.message
    start = "the engine refused the job: request (5003 tokens) exceeds the available context size (1024 tokens) again"
    assert told.startswith(start)
    assert told.endswith("…")
    assert len(told) < 350
