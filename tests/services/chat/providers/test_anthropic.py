"""Anthropic's format: what is asked, usage, `ping`, errors in the middle, and what compatible servers leave out."""

from typing import Any

import anthropic
import httpx2
import pytest
from services.chat.providers.asking import ANTHROPIC, START, Item, anthropic_stream, ask, delta, stop, text
from wire_server import serving, sse

from streamcontract.services.chat.providers import anthropic_provider
from streamcontract.services.chat.providers.anthropic_provider import anthropic_messages
from streamcontract.services.chat.providers.provider import Completion, Message, ProviderError, Text, Usage

END = {"type": "message_stop"}


def answer(events: list[dict[str, Any]]) -> list[Item]:
    with serving(lambda exchange: exchange.answer(anthropic_stream(events))) as server:
        return ask("anthropic", server.url)


def block(kind: str, **delta: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": 0, "delta": {"type": kind, **delta}}


def test_only_text_is_handed_out() -> None:
    found = answer(
        [
            START,
            {"type": "ping"},
            {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}},
            block("thinking_delta", thinking="hm"),
            block("signature_delta", signature="x"),
            block("something_new", text="no"),
            {"type": "content_block_stop", "index": 0},
            {"type": "something_new", "delta": {"text": "no"}},
            delta(""),
            delta("Hi"),
            block("input_json_delta", partial_json="{}"),
            {"type": "ping"},
            stop(),
            END,
        ]
    )
    assert found == [Text("Hi"), Usage(9, 3)]


@pytest.mark.parametrize(
    ("events", "usage"),
    [
        ([START, delta("x"), stop(output_tokens=7), END], [Usage(9, 7)]),
        ([START, delta("x"), stop(output_tokens=2), stop(output_tokens=7), END], [Usage(9, 7)]),
        ([START, delta("x"), stop(input_tokens=20, output_tokens=7), END], [Usage(25, 7)]),
        ([delta("x"), stop(input_tokens=20, output_tokens=7), END], [Usage(20, 7)]),
        ([delta("x"), stop(input_tokens=-20, output_tokens=10**50), END], [Usage(0, 1_000_000_000)]),
        ([delta("x"), stop(output_tokens=7), END], []),
        ([START, delta("x"), {"type": "message_delta", "delta": {"stop_reason": "end_turn"}}, END], [Usage(9, 1)]),
        ([START, delta("x"), END], [Usage(9, 1)]),
        ([{"type": "message_start", "message": {}}, delta("x"), stop(), END], []),
        ([delta("x"), END], []),
    ],
)
def test_usage_is_put_together_from_where_it_is_told(events: list[dict[str, Any]], usage: list[Usage]) -> None:
    assert answer(events) == [Text("x"), *usage]


@pytest.mark.parametrize("reason", ["end_turn", "max_tokens", "stop_sequence", "pause_turn", "something_new"])
def test_a_stop_is_an_end(reason: str) -> None:
    assert text(answer([START, delta("x"), stop(reason), END])) == "x"


def test_a_stop_by_refusal_is_an_error() -> None:
    with pytest.raises(ProviderError) as caught:
        answer([START, delta("x"), stop("refusal"), END])
    assert caught.value.public == "the provider withheld the answer"


@pytest.mark.parametrize(
    ("error", "public"),
    [
        ({"type": "overloaded_error", "message": "Overloaded"}, "the provider is busy, or a limit is reached"),
        ({"type": "rate_limit_error", "message": "m"}, "the provider is busy, or a limit is reached"),
        ({"type": "api_error", "message": "m"}, "the provider failed"),
        ({"type": "timeout_error", "message": "m"}, "the provider did not answer in time"),
        ({"type": "authentication_error", "message": "m"}, "the provider did not accept the service's key"),
        ("text", "the provider failed"),
    ],
)
def test_an_error_in_the_middle_of_a_stream_is_told(error: Any, public: str) -> None:
    with pytest.raises(ProviderError) as caught:
        answer([*ANTHROPIC[:5], {"type": "error", "error": error}])
    assert caught.value.public == public


def test_an_error_that_is_no_json_is_told() -> None:
    with (
        serving(lambda exchange: exchange.answer(sse("oh no", "error"))) as server,
        pytest.raises(ProviderError) as caught,
    ):
        ask("anthropic", server.url)
    assert caught.value.public == "the provider failed"


def blocks(*texts: str) -> list[dict[str, str]]:
    return [{"type": "text", "text": each} for each in texts]


@pytest.mark.parametrize(
    ("messages", "system", "turns"),
    [
        (
            [("system", "a"), ("user", "1"), ("system", "b"), ("user", "2"), ("assistant", "3"), ("user", "4")],
            "a\n\nb",
            [("user", "1", "2"), ("assistant", "3"), ("user", "4")],
        ),
        ([("user", "1"), ("tool", "2"), ("assistant", "")], "", [("user", "1", "Result of the tool T:\n2")]),
        (
            [("assistant", "1"), ("assistant", "2")],
            "",
            [("user", "(The conversation begins with you.)"), ("assistant", "1", "2")],
        ),
        ([("system", "only this")], "", [("user", "only this")]),
        ([("user", " \n"), ("user", "1")], "", [("user", "1")]),
    ],
)
def test_the_turns_alternate_and_none_is_empty(
    messages: list[tuple[str, str]], system: str, turns: list[tuple[str, ...]]
) -> None:
    given = tuple(Message(role, content, name="T" if role == "tool" else None) for role, content in messages)
    assert anthropic_messages(given) == (
        system,
        [{"role": role, "content": blocks(*texts)} for role, *texts in turns],
    )


HELLO = (Message("system", "Be brief."), Message("user", "Hello"))


def test_what_is_asked() -> None:
    with serving(lambda exchange: exchange.answer(anthropic_stream())) as server:
        ask("anthropic", server.url, Completion("m", HELLO, temperature=1.5, max_tokens=7))
        ask("anthropic", server.url, Completion("m", HELLO))
    turns = [{"role": "user", "content": blocks("Hello")}]
    asked = {"model": "m", "system": "Be brief.", "messages": turns, "stream": True}
    assert server.seen[0].body == {**asked, "max_tokens": 7, "temperature": 1.5}
    assert server.seen[1].body == {**asked, "max_tokens": 4096}


def test_anthropic_itself_is_not_told_a_temperature_which_it_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(lambda exchange: exchange.answer(anthropic_stream())) as server:
        monkeypatch.setattr(anthropic_provider, "OFFICIAL", httpx2.URL(server.url).host)
        ask("anthropic", server.url, Completion("m", HELLO, temperature=0.5))
    assert "temperature" not in server.seen[0].body


def test_the_environment_of_anthropic_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"):
        monkeypatch.setenv(name, "sk-of-the-environment")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")
    with serving(lambda exchange: exchange.answer(anthropic_stream())) as server:
        ask("anthropic", server.url)
    assert not [value for value in server.seen[0].headers.values() if "sk-of" in value]


def test_the_sdk_reads_only_events_with_names() -> None:
    """What the SDK does with a stream that names no events: it sees none, so that the answer is one that broke off."""
    body = b"".join(sse(event) for event in ANTHROPIC)
    with serving(lambda exchange: exchange.answer(body)) as server, pytest.raises(ProviderError) as caught:
        ask("anthropic", server.url)
    assert caught.value.public == "the provider's answer broke off"
    assert anthropic.__version__.startswith("2.")
