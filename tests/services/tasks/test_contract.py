"""Each rule of the contract, broken once by a stream that is right but for this."""

from dataclasses import replace
from typing import Any

import pytest
from services.tasks.tasking import CONTRACT

from streamcontract import Contract, Event, Linked, Request, Response, StreamMonitor, Verdict

STREAM = Contract.load(CONTRACT).stream("streamTask")
ID = "5f0b7a52-65b1-4b7e-9d0c-0a6c8a3e3b01"
LINKED = Linked(
    "createTask",
    Request(method="POST", body={"task_id": ID, "max_tokens": 2}),
    Response(202, {}),
    {"task_id": ID, "queue_position": 3, "predicted_start_ms": 700, "backoff_ms": 0},
)
METRICS = {
    "queue_depth": 1,
    "on_time_probability": 0.5,
    "kv_warmth": False,
    "tokens_budget_remaining": 1,
    "time_budget_remaining_ms": 1,
    "cost_budget_remaining": 0.5,
}
RIGHT = (
    Event("started", {"queue_position": 3, "predicted_start_ms": 700}, id="1"),
    Event("metrics", METRICS, id="2"),
    Event("token", {"t": "One", "i": 0}, id="3"),
    Event("token", {"t": " two", "i": 1}, id="4"),
    Event("end", {"tokens_out": 2, "decode_ms": 7}, id="5"),
)
FAILED = (*RIGHT[:4], Event("error", {"code": "WORKER_RESET", "message": "gone", "retriable": True}, id="5"))
STOPPED = (*RIGHT[:3], Event("error", {"code": "INTERNAL", "message": "stopping", "retriable": True}))
CANCELED = (*RIGHT[:3], Event("end", {"tokens_out": 1, "decode_ms": 7, "canceled": True}, id="4"))
DROPPED = (RIGHT[0], Event("error", {"code": "QUEUE_FULL_DROP_LRU", "message": "no room"}, id="2"))


def judged(*events: Event, after: str | None = None, linked: Linked | None = LINKED) -> StreamMonitor:
    headers = {} if after is None else {"last-event-id": after}
    monitor = STREAM.monitor(Request(path={"id": ID}, headers=headers), Response(200, {}), linked=linked)
    for event in events:
        monitor.observe(event)
    monitor.close()
    return monitor


def changed(events: tuple[Event, ...], number: int, **members: Any) -> tuple[Event, ...]:
    event = events[number]
    assert isinstance(event.data, dict)
    return (*events[:number], Event(event.event, {**event.data, **members}, id=event.id), *events[number + 1 :])


def renumbered(events: tuple[Event, ...], first: int) -> tuple[Event, ...]:
    return tuple(Event(event.event, event.data, id=str(number)) for number, event in enumerate(events, first))


@pytest.mark.parametrize(
    ("events", "after"),
    [
        (RIGHT, None),
        (FAILED, None),
        (STOPPED, None),
        (CANCELED, None),
        (DROPPED, None),
        (RIGHT[1:], "1"),
        (RIGHT[3:], "3"),
        (RIGHT[4:], "4"),
        (FAILED[4:], "4"),
        (STOPPED[3:], "3"),
    ],
)
def test_right_streams_conform(events: tuple[Event, ...], after: str | None) -> None:
    monitor = judged(*events, after=after)
    assert (monitor.findings, monitor.verdict) == ((), Verdict.CONFORMS)


@pytest.mark.parametrize(
    ("finding", "events", "after"),
    [
        ("rule.ids-count-up", renumbered(RIGHT, 2), None),
        ("rule.ids-count-up", (*RIGHT[:3], *renumbered(RIGHT[3:], 5)), None),
        ("rule.ids-count-up", (*RIGHT[:4], Event("end", RIGHT[4].data, id="4")), None),
        ("rule.ids-count-up", RIGHT[3:], "2"),
        ("rule.ids-count-up", RIGHT[2:], "4"),
        ("rule.started-tells-what-was-admitted", changed(RIGHT, 0, queue_position=2), None),
        ("rule.started-tells-what-was-admitted", changed(RIGHT, 0, predicted_start_ms=701), None),
        (
            "rule.tokens-begin-at-zero",
            (*RIGHT[:2], *renumbered(RIGHT[3:4], 3), Event("error", FAILED[4].data, id="4")),
            None,
        ),
        ("rule.tokens-count-up", changed(FAILED, 3, i=2), None),
        ("rule.the-last-token-is-counted", changed(RIGHT[3:], 1, tokens_out=1), "3"),
        ("rule.no-more-tokens-than-allowed", changed(RIGHT[4:], 0, tokens_out=3), "4"),
        ("sequence.unexpected-event", RIGHT, "4"),
        ("sequence.truncated", RIGHT[:4], None),
        ("sequence.after-end", (*RIGHT, Event("token", {"t": "", "i": 2}, id="6")), None),
        ("schema.event", (*RIGHT[:3], Event("token", RIGHT[3].data), *RIGHT[4:]), None),
        ("schema.payload", changed(RIGHT, 1, on_time_probability=1.5), None),
        ("schema.payload", changed(FAILED, 4, code="OOPS"), None),
    ],
)
def test_each_fault_is_found(finding: str, events: tuple[Event, ...], after: str | None) -> None:
    assert finding in {found.id for found in judged(*events, after=after).findings}


def test_tokens_that_are_not_counted_are_found() -> None:
    found = {found.id for found in judged(*changed(RIGHT, 4, tokens_out=1)).findings}
    assert found == {"rule.every-token-is-counted", "rule.the-last-token-is-counted"}


def test_without_the_202_nothing_is_said_of_it() -> None:
    assert judged(*changed(RIGHT, 0, queue_position=9), linked=None).verdict is Verdict.CONFORMS


def test_the_request_is_what_the_links_lead_from() -> None:
    few = replace(LINKED, request=Request(method="POST", body={"task_id": ID, "max_tokens": 1}))
    assert [found.id for found in judged(*RIGHT, linked=few).findings] == ["rule.no-more-tokens-than-allowed"]
