"""OpenAI's format: what is asked, tool calls in pieces, and what compatible servers do otherwise."""

import json
from typing import Any

import pytest
from services.chat.providers.asking import (
    HELLO,
    OPENAI,
    USAGE,
    WEATHER,
    Item,
    ask,
    chunk,
    openai_stream,
    text,
)
from wire_server import serving, sse

from streamcontract.services.chat.providers import openai_provider
from streamcontract.services.chat.providers.openai_provider import OpenAIReading, openai_messages
from streamcontract.services.chat.providers.provider import (
    Completion,
    Message,
    ProviderError,
    Text,
    ToolRequest,
    Usage,
)


def answer(chunks: list[dict[str, Any]], name: str = "openai") -> list[Item]:
    with serving(lambda exchange: exchange.answer(openai_stream(chunks))) as server:
        return ask(name, server.url)


def call(
    index: int | None, id_: str | None = None, name: str | None = None, arguments: str | None = None
) -> dict[str, Any]:
    """One piece of a tool call, with only what is given in it."""
    function = {key: value for key, value in (("name", name), ("arguments", arguments)) if value is not None}
    head = {} if index is None else {"index": index}
    return {**head, **({"id": id_, "type": "function"} if id_ else {}), "function": function}


def calls(*pieces: dict[str, Any]) -> dict[str, Any]:
    return chunk({"tool_calls": list(pieces)})


DONE = [chunk({}, "tool_calls"), USAGE]


def test_several_calls_come_in_pieces_mixed_with_each_other() -> None:
    chunks = [
        chunk({"role": "assistant", "content": None}),
        calls(call(0, "call_a", "weather", "")),
        calls(call(0, None, None, '{"ci')),
        calls(call(1, "call_b", "weather", ""), call(0, None, None, 'ty": "Bo')),
        calls(call(1, None, None, "{}"), call(0, None, None, 'nn"}')),
        *DONE,
    ]
    assert answer(chunks) == [
        ToolRequest("call_a", "weather", '{"city": "Bonn"}'),
        ToolRequest("call_b", "weather", "{}"),
        Usage(9, 3),
    ]


def test_text_may_come_before_the_calls() -> None:
    assert answer([chunk({"content": "Let me see."}), calls(call(0, "a", "weather", "{}")), *DONE])[:2] == [
        Text("Let me see."),
        ToolRequest("a", "weather", "{}"),
    ]


def test_calls_that_all_have_the_index_0_are_told_apart_by_their_ids() -> None:
    chunks = [calls(call(0, "a", "weather", '{"city": 1}')), calls(call(0, "b", "weather", "{}")), *DONE]
    assert answer(chunks)[:2] == [ToolRequest("a", "weather", '{"city": 1}'), ToolRequest("b", "weather", "{}")]


def test_a_server_that_repeats_the_id_or_changes_it_in_each_piece_makes_one_call() -> None:
    chunks = [
        calls(call(0, "a", "weather", "{")),
        calls(call(0, "a", "weather", '"city"')),
        calls(call(0, "z", None, ": 1}")),
        *DONE,
    ]
    assert answer(chunks)[:1] == [ToolRequest("a", "weather", '{"city": 1}')]


def test_a_call_without_an_index_goes_on_with_the_last_one() -> None:
    assert answer([calls(call(None, "a", "weather", "{")), calls(call(None, None, None, "}")), *DONE])[
        0
    ] == ToolRequest("a", "weather", "{}")


def test_calls_without_an_id_and_with_the_same_id_get_one_each() -> None:
    found = answer([calls(call(0, None, "weather", "{}"), call(1, "a", "weather"), call(2, "a", "weather")), *DONE])
    ids = [item.id for item in found if isinstance(item, ToolRequest)]
    assert len(set(ids)) == 3
    assert all(ids)
    assert ids[1] == "a"


@pytest.mark.parametrize("finish", ["stop", "length", "tool_calls", "function_call", "something_new"])
def test_a_finish_is_an_end(finish: str) -> None:
    assert answer([*OPENAI[:3], chunk({}, finish), USAGE]) == [Text("Grüße, "), Text("Welt 🌍"), Usage(9, 3)]


def test_a_finish_by_the_content_filter_is_an_error() -> None:
    with pytest.raises(ProviderError) as caught:
        answer([*OPENAI[:3], chunk({}, "content_filter"), USAGE])
    assert caught.value.public == "the provider withheld the answer"


def test_a_call_that_the_limit_of_tokens_cut_is_an_error_and_is_not_made() -> None:
    with pytest.raises(ProviderError) as caught:
        answer([calls(call(0, "a", "weather", '{"ci')), chunk({}, "length"), USAGE])
    assert caught.value.public == "the provider's answer is too long"


def test_a_refusal_is_the_text() -> None:
    assert answer([chunk({"refusal": "I can't "}), chunk({"refusal": "do that."}), chunk({}, "stop")]) == [
        Text("I can't "),
        Text("do that."),
    ]


LATE = [
    chunk({"content": "Grüße, "}),
    chunk({"role": "assistant", "content": "Welt 🌍"}),
    chunk({}, "stop"),
    USAGE,
]
EVERY = [{**each, "usage": {"prompt_tokens": 9, "completion_tokens": n}} for n, each in enumerate(OPENAI[:4])]


@pytest.mark.parametrize(
    "chunks",
    [
        LATE,
        [*OPENAI[1:3], chunk({"content": ""}, "stop"), USAGE],
        EVERY,
        [*OPENAI[:4], {**USAGE, "choices": None}],
        [*OPENAI[:3], chunk({}, "stop", usage=USAGE["usage"]), chunk()],
        [*OPENAI[:4], {"usage": USAGE["usage"]}],
        [{"choices": [{"delta": {"content": "Grüße, Welt 🌍"}, "finish_reason": "stop"}]}, USAGE],
        [
            *OPENAI[:1],
            {**OPENAI[1], "choices": [*OPENAI[1]["choices"], {"index": 1, "delta": {"content": "other"}}]},
            *OPENAI[2:],
        ],
        [{"choices": [{"index": 0, "delta": None, "finish_reason": None}]}, *OPENAI],
    ],
    ids=[
        "late role",
        "no role",
        "usage in each",
        "no choices",
        "nothing last",
        "bare usage",
        "bare",
        "two choices",
        "no delta",
    ],
)
def test_what_compatible_servers_do_otherwise_makes_no_difference(chunks: list[dict[str, Any]]) -> None:
    found = answer(chunks, "xai")
    assert text(found) == "Grüße, Welt 🌍"
    assert found[-1] == Usage(9, 3)


def test_usage_is_left_out_where_the_provider_does_not_tell() -> None:
    assert answer(OPENAI[:4]) == [Text("Grüße, "), Text("Welt 🌍")]
    assert answer([*OPENAI[:4], chunk(usage={"prompt_tokens": None, "completion_tokens": 3})])[2:] == []


def test_a_usage_that_cannot_be_is_kept_within_bounds() -> None:
    assert answer([*OPENAI[:4], chunk(usage={"prompt_tokens": -1, "completion_tokens": 10**100})])[2:] == [
        Usage(0, 1_000_000_000)
    ]


def test_a_stream_may_end_without_done_after_its_finish() -> None:
    body = b"".join(sse(each) for each in OPENAI)
    with serving(lambda exchange: exchange.answer(body)) as server:
        assert text(ask("openai", server.url)) == "Grüße, Welt 🌍"


def test_halves_of_a_surrogate_pair_find_each_other_and_lone_ones_are_replaced() -> None:
    body = b"".join(
        b'data: {"choices": [{"index": 0, "delta": {"content": "%s"}}]}\n\n' % piece
        for piece in (b"a\\ud83c", b"\\udf0d b", b"\\udf0d", b"\\u0000", b"c\\ud83c")
    )
    with serving(lambda exchange: exchange.answer(body + sse(chunk({}, "stop")))) as server:
        found = ask("openai", server.url)
    assert text(found) == "a🌍 b\ufffd\ufffdc\ufffd"
    assert all(item.text for item in found if isinstance(item, Text))


@pytest.mark.parametrize(
    ("error", "public"),
    [
        ({"message": "m", "type": "server_error"}, "the provider failed"),
        ({"message": "m", "type": "invalid_request_error"}, "the provider refused the request"),
        ({"message": "m", "code": 429}, "the provider is busy, or a limit is reached"),
        ({"code": 500, "message": "m", "type": "server_error"}, "the provider failed"),
        ("text", "the provider failed"),
    ],
)
def test_an_error_in_the_middle_of_a_stream_is_told(error: Any, public: str) -> None:
    body = b"".join([*(sse(each) for each in OPENAI[:2]), sse({"error": error}), sse("[DONE]")])
    with serving(lambda exchange: exchange.answer(body)) as server, pytest.raises(ProviderError) as caught:
        ask("openai", server.url)
    assert caught.value.public == public


@pytest.mark.parametrize(
    "chunks",
    [
        [calls(*(call(n, f"c{n}", "weather", "{}") for n in range(33)))],
        [calls(call(0, "c", "weather", "x" * 40_000)), calls(call(0, None, None, "x" * 40_000))],
    ],
    ids=["calls", "arguments"],
)
def test_calls_are_bounded(chunks: list[dict[str, Any]]) -> None:
    with pytest.raises(ProviderError) as caught:
        answer([*chunks, *DONE])
    assert caught.value.public == "the provider's answer is too long"


def test_names_and_ids_are_bounded_and_can_be_stored() -> None:
    reading = OpenAIReading()
    piece = {"index": 0, "id": "i" * 5000, "function": {"name": "n\ud800\0" + "n" * 5000, "arguments": "{}\ud800"}}
    assert list(reading.feed({"choices": [{"delta": {"tool_calls": [piece]}, "finish_reason": "tool_calls"}]})) == []
    (request,) = [item for item in reading.end() if isinstance(item, ToolRequest)]
    assert (len(request.id), len(request.name)) == (128, 128)
    assert (request.name + request.arguments).encode()


def test_what_is_asked() -> None:
    completion = Completion(
        "m",
        (
            Message("system", "Be brief."),
            Message("user", "Weather?", name="Ann Lee/<x>"),
            Message("assistant", "", requests=(ToolRequest("a", "weather", "{}"),)),
            Message("tool", "rain", name="weather", request_id="a"),
            Message("tool", "from before", name="notes"),
        ),
        temperature=0.0,
        max_tokens=7,
        tools=(WEATHER,),
    )
    with serving(lambda exchange: exchange.answer(openai_stream())) as server:
        ask("openai", server.url, completion)
    assert server.seen[0].body == {
        "model": "m",
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": 0.0,
        "max_tokens": 7,
        "tools": [
            {
                "type": "function",
                "function": {"name": "weather", "description": WEATHER.description, "parameters": WEATHER.parameters},
            }
        ],
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Weather?", "name": "Ann_Lee__x_"},
            {
                "role": "assistant",
                "content": "",
                "tool_calls": [{"id": "a", "type": "function", "function": {"name": "weather", "arguments": "{}"}}],
            },
            {"role": "tool", "tool_call_id": "a", "content": "rain"},
            {"role": "user", "content": "Result of the tool notes:\nfrom before"},
        ],
    }


def test_what_is_not_given_is_not_asked() -> None:
    with serving(lambda exchange: exchange.answer(openai_stream())) as server:
        ask("openai", server.url)
    assert set(server.seen[0].body) == {"model", "messages", "stream", "stream_options"}


def test_openai_and_xai_themselves_are_told_the_new_name_of_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai_provider, "OFFICIAL", {"127.0.0.1"})
    with serving(lambda exchange: exchange.answer(openai_stream())) as server:
        ask("openai", server.url, Completion("m", HELLO.messages, max_tokens=7))
    assert server.seen[0].body["max_completion_tokens"] == 7
    assert "max_tokens" not in server.seen[0].body


def test_the_environment_of_openai_does_not_reach_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", "org-1")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-1")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-openai")
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-of-admin")
    with serving(lambda exchange: exchange.answer(openai_stream())) as server:
        ask("xai", server.url)
    assert not [value for value in server.seen[0].headers.values() if value in {"org-1", "proj-1"} or "sk-of" in value]


def test_messages_are_json() -> None:
    assert json.loads(json.dumps(openai_messages(HELLO.messages))) == [{"role": "user", "content": "Hello"}]
