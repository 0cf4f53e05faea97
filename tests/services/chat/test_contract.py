"""Each rule of the contract, broken once by a stream that is right but for this; and each of its follow-ups."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from services.chat.chatting import CONTRACT

from streamcontract import Contract, Event, Request, Response, StreamMonitor, Verdict

STREAM = Contract.load(CONTRACT).stream("streamChatCompletion")

Events = list[tuple[str, dict[str, Any]]]

BODY: dict[str, Any] = {
    "chatId": "c1",
    "provider": "openai",
    "model": "m",
    "messages": [{"role": "user", "content": "Hi", "name": "ada"}, {"role": "assistant", "content": "Hello"}],
}
TOOL_CALL: dict[str, Any] = {
    "toolCallId": "t1",
    "name": "fetch_url",
    "status": "completed",
    "summary": "Fetched.",
    "args": {"url": "https://example.org/"},
    "startedAt": "2026-03-02T10:00:00.900Z",
    "completedAt": "2026-03-02T10:00:01.720Z",
    "durationMs": 820,
    "error": None,
    "resultPreview": "Example",
}
FAILED = {"toolCallId": "t2", "status": "failed", "error": "no", "resultPreview": None, "durationMs": 0}
RIGHT: Events = [
    ("meta", {"type": "meta", "chatId": "c1", "callId": "k1", "provider": "openai", "model": "m"}),
    ("tool_call", TOOL_CALL),
    ("tool_call", TOOL_CALL | FAILED | {"completedAt": TOOL_CALL["startedAt"]}),
    ("delta", {"type": "delta", "text": "Hel"}),
    ("delta", {"type": "delta", "text": "lo"}),
    (
        "done",
        {"type": "done", "text": "Hello", "usage": {"inputTokens": 3, "outputTokens": 4, "totalTokens": 7}},
    ),
]
ERROR: Events = [*RIGHT[:4], ("error", {"type": "error", "message": "The provider broke off"})]


def judged(events: Events, body: dict[str, Any] | None = None) -> StreamMonitor:
    monitor = STREAM.monitor(Request(method="POST", body=body or BODY), Response(200, {}))
    for name, data in events:
        monitor.observe(Event(name, data))
    monitor.close()
    return monitor


@pytest.mark.parametrize("events", [RIGHT, ERROR], ids=["done", "error"])
def test_a_right_stream_conforms(events: Events) -> None:
    assert judged(events).verdict is Verdict.CONFORMS


Break = Callable[[Events, dict[str, Any]], object]
RULES: dict[str, Break] = {
    "meta-names-what-was-asked": lambda events, body: events[0][1].update(model="other"),
    "meta-keeps-the-chat": lambda events, body: events[0][1].update(chatId="c2"),
    "no-tools-with-anthropic": lambda events, body: (
        body.update(provider="anthropic"),
        events[0][1].update(provider="anthropic"),
    ),
    "tool-calls-have-ids-of-their-own": lambda events, body: events[2][1].update(toolCallId="t1"),
    "tool-error-unless-completed": lambda events, body: events[1][1].update(error="but it is completed"),
    "tool-duration-is-its-time": lambda events, body: events[1][1].update(durationMs=821),
    "done-repeats-every-delta": lambda events, body: events[-1][1].update(text="Hel"),
    "usage-adds-up": lambda events, body: events[-1][1]["usage"].update(totalTokens=8),
}


def test_every_rule_is_broken_here() -> None:
    assert {rule.id for rule in STREAM.rules} == RULES.keys()


@pytest.mark.parametrize("rule", RULES)
def test_a_stream_that_breaks_a_rule_is_found_by_that_rule(rule: str) -> None:
    events, body = deepcopy(RIGHT), deepcopy(BODY)
    RULES[rule](events, body)
    assert {finding.id for finding in judged(events, body).findings} == {f"rule.{rule}"}


PAYLOADS: dict[str, Break] = {
    "another type": lambda events, body: events[3][1].update(type="done"),
    "no type": lambda events, body: events[0][1].pop("type"),
    "a type on tool_call": lambda events, body: events[1][1].update(type="tool_call"),
    "a field that the contract does not have": lambda events, body: events[-1][1].update(cost=1),
    "a time without milliseconds": lambda events, body: events[1][1].update(startedAt="2026-03-02T10:00:00Z"),
    "a time of another zone": lambda events, body: events[1][1].update(startedAt="2026-03-02T10:00:00.900+01:00"),
    "a state that is none": lambda events, body: events[1][1].update(status="running"),
    "an empty piece": lambda events, body: events[3][1].update(text=""),
}


@pytest.mark.parametrize("name", PAYLOADS)
def test_a_payload_that_is_not_the_seeds_is_found(name: str) -> None:
    events = deepcopy(RIGHT)
    PAYLOADS[name](events, BODY)
    assert "schema.payload" in {finding.id for finding in judged(events).findings}


@pytest.mark.parametrize(
    ("order", "finding"),
    [
        ([1, 5], "sequence.unexpected-event"),  # no meta
        ([0, 0, 3, 4, 5], "sequence.unexpected-event"),  # two of them
        ([0, 3, 4, 1, 5], "sequence.unexpected-event"),  # a tool_call behind a delta
        ([0, 3, 4], "sequence.truncated"),
        ([0, 3, 4, 5, 5], "sequence.after-end"),
    ],
)
def test_another_order_is_found(order: list[int], finding: str) -> None:
    assert finding in {found.id for found in judged([RIGHT[at] for at in order]).findings}


# Follow-ups -----------------------------------------------------------------------------------------------------------

CALL = {"callId": "k1", "provider": "openai", "model": "m", "startedAt": "2026-03-02T10:00:00.000Z", "latencyMs": 5}
STORED: dict[str, Any] = {
    "chatId": "c1",
    "messages": [
        {"role": "user", "content": "Hi", "name": "ada"},
        {"role": "assistant", "content": "Hello", "callId": "k0"},
        {"role": "assistant", "content": "Hello", "callId": "k1"},
    ],
    "calls": [CALL | {"status": "completed", "usage": RIGHT[-1][1]["usage"]}],
    "toolCalls": [data | {"callId": "k1"} for name, data in RIGHT if name == "tool_call"],
}
AFTER_ERROR = STORED | {
    "messages": STORED["messages"][:2],
    "calls": [CALL | {"status": "failed", "error": "The provider broke off"}],
}
GOES_ON = BODY | {"messages": BODY["messages"][:1]}
NEW_CHAT = {key: value for key, value in BODY.items() if key != "chatId"}


def failing(events: Events, body: dict[str, Any], stored: dict[str, Any] | None) -> set[str]:
    """The follow-ups that do not hold when getChat answers this (None: 404)."""
    monitor = judged(events, body)
    response = {"status": 404, "headers": {}, "body": {}} if stored is None else {"status": 200, "body": stored}
    found = set()
    for rule in STREAM.afterwards:
        scope = {"request": {"body": body}, "response": response, "last": monitor.last, **monitor.collected(rule)}
        if monitor.last_symbol not in rule.after or (rule.when and rule.when.evaluate(scope) is not True):
            continue
        assert {name: value.evaluate(scope) for name, value in rule.parameters.items()} == {"chatId": "c1"}
        if rule.assertion.evaluate(scope) is not True:
            found.add(rule.id)
    return found


@pytest.mark.parametrize(
    "body", [BODY, GOES_ON, NEW_CHAT], ids=["after an answer", "a chat that goes on", "a new chat"]
)
@pytest.mark.parametrize(("events", "stored"), [(RIGHT, STORED), (ERROR, AFTER_ERROR)], ids=["done", "error"])
def test_what_is_stored_rightly_is_found_right(events: Events, stored: dict[str, Any], body: dict[str, Any]) -> None:
    assert failing(events, body, stored) == set()


Change = Callable[[dict[str, Any]], object]
FOLLOW_UPS: list[tuple[str, Events, Change]] = [
    ("answer-is-stored", RIGHT, lambda chat: chat["messages"].pop()),
    ("answer-is-stored", RIGHT, lambda chat: chat["messages"][-1].update(content="Hel")),
    ("answer-is-stored", RIGHT, lambda chat: chat["messages"].append(chat["messages"][-1])),
    ("answer-is-stored", RIGHT, lambda chat: chat["messages"][-1].update(callId="k0")),
    ("call-is-completed", RIGHT, lambda chat: chat["calls"][0].update(status="running")),
    ("call-is-completed", RIGHT, lambda chat: chat["calls"][0].pop("usage")),
    ("call-is-completed", RIGHT, lambda chat: chat["calls"][0]["usage"].update(inputTokens=4)),
    ("call-is-completed", RIGHT, lambda chat: chat["calls"][0].pop("latencyMs")),
    ("no-answer-after-error", ERROR, lambda chat: chat["messages"].append({"role": "assistant", "callId": "k1"})),
    ("no-answer-after-error", ERROR, lambda chat: chat["calls"][0].pop("error")),
    ("no-answer-after-error", ERROR, lambda chat: chat["calls"][0].update(status="completed")),
    ("tool-calls-are-stored", RIGHT, lambda chat: chat["toolCalls"].pop()),
    ("tool-calls-are-stored", RIGHT, lambda chat: chat["toolCalls"][0].update(args={})),
    ("tool-calls-are-stored", RIGHT, lambda chat: chat["toolCalls"][1].update(error=None)),
    ("tool-calls-are-stored", RIGHT, lambda chat: chat["toolCalls"][1].update(resultPreview="")),
    ("tool-calls-are-stored", ERROR, lambda chat: chat["toolCalls"][0].update(callId="k0")),
    ("input-is-stored", RIGHT, lambda chat: chat["messages"][0].pop("name")),
    ("input-is-stored", ERROR, lambda chat: chat["messages"][0].update(content="Ho")),
    ("input-is-stored", RIGHT, lambda chat: chat["messages"].insert(0, chat["messages"][0])),
    ("last-input-is-stored", RIGHT, lambda chat: chat["messages"][0].pop("name")),
    ("last-input-is-stored", RIGHT, lambda chat: chat["messages"][0].update(content="Ho")),
    ("last-input-is-stored", ERROR, lambda chat: chat["messages"][0].update(role="system")),
    ("answer-stands-last", RIGHT, lambda chat: chat["messages"].reverse()),
]


def test_every_follow_up_is_broken_here() -> None:
    assert {rule.id for rule in STREAM.afterwards} == {id_ for id_, _, _ in FOLLOW_UPS}


@pytest.mark.parametrize(("id_", "events", "change"), FOLLOW_UPS)
def test_what_is_stored_wrongly_is_found(id_: str, events: Events, change: Change) -> None:
    stored = deepcopy(STORED if events is RIGHT else AFTER_ERROR)
    change(stored)
    body = GOES_ON if id_ in ("last-input-is-stored", "answer-is-stored") else NEW_CHAT
    assert failing(events, body, stored) == {id_}


def test_a_chat_may_only_be_missing_when_the_stream_said_that_it_was_deleted() -> None:
    gone = [*RIGHT[:4], ("error", {"type": "error", "message": "The chat was deleted while it was answered"})]
    assert failing(gone, NEW_CHAT, None) == set()
    assert failing(ERROR, NEW_CHAT, None) >= {"no-answer-after-error", "tool-calls-are-stored", "input-is-stored"}
