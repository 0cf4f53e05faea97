"""Each rule and each slice of the contract, broken by a stream that is right but for this: exactly that finding."""

from collections.abc import Callable

import pytest

from streamcontract import Contract, Event, Request, Response, StreamMonitor, Verdict
from streamcontract.services import SERVICES
from streamcontract.services.stocks.fragments import line
from streamcontract.services.stocks.mock import mock_fragments
from streamcontract.services.stocks.stages import Stage, Status, Step

STREAM = Contract.load(SERVICES["stocks"].path).stream("streamAnalysis")
HEADERS = {"cache-control": "no-cache, no-transform", "connection": "keep-alive", "x-accel-buffering": "no"}

Events = list[Event]


def right() -> Events:
    messages = list(mock_fragments("AAPL"))
    first = Event(None, messages[0], retry=3000)
    return [first, *(Event(None, message) for message in messages[1:]), Event("complete", "")]


def watched(events: Events) -> StreamMonitor:
    monitor = STREAM.monitor(Request(method="GET", query={"symbol": "AAPL"}), Response(200, HEADERS))
    for event in events:
        monitor.observe(event)
    monitor.close()
    return monitor


def at(events: Events, status: Status, step: Stage | Step) -> int:
    mark = f'data-substage="{step.value}"' if isinstance(step, Step) else f'data-stage="{step.value}"'
    return next(n for n, e in enumerate(events) if mark in str(e.data) and f'"{status.value}"' in str(e.data))


def said(status: Status, step: Stage | Step) -> Event:
    return Event(None, line(status, step, "said"))


def ends_a_step_twice(events: Events) -> None:
    place = at(events, Status.SUCCESS, Step.NEWS)
    events.insert(place, events[place])


def begins_an_ended_step_again(events: Events) -> None:
    events.insert(at(events, Status.SUCCESS, Step.NEWS) + 1, said(Status.IN_PROGRESS, Step.NEWS))


def goes_back_to_a_stage(events: Events) -> None:
    events.insert(at(events, Status.SUCCESS, Step.SANITY), said(Status.IN_PROGRESS, Stage.DOWNLOADING))


def begins_elsewhere(events: Events) -> None:
    events[0] = Event(None, events[1].data, retry=3000)


def is_not_shown_to_be_complete(events: Events) -> None:
    del events[-2]


def leaves_a_step_out(events: Events) -> None:
    del events[at(events, Status.IN_PROGRESS, Step.TRENDS) : at(events, Status.FAILED, Step.TRENDS) + 1]


def completes_after_a_failure(events: Events) -> None:
    events[at(events, Status.SUCCESS, Step.PRICES)] = said(Status.FAILED, Step.PRICES)


def fails_as_a_whole(events: Events) -> None:
    events.insert(at(events, Status.SUCCESS, Step.SANITY) + 1, said(Status.FAILED, Stage.ANALYZING))


def ends_with_what_is_in_progress(events: Events) -> None:
    events[-2] = said(Status.IN_PROGRESS, Stage.COMPLETE)


BROKEN = [
    ("slice.no-substage-twice", ends_a_step_twice),
    ("slice.no-substage-twice", begins_an_ended_step_again),
    ("slice.stages-in-order", goes_back_to_a_stage),
    ("slice.stages-in-order", begins_elsewhere),
    ("slice.stages-in-order", is_not_shown_to_be_complete),
    ("rule.every-step-succeeds-or-may-fail", leaves_a_step_out),
    ("rule.no-complete-after-a-failure", completes_after_a_failure),
    ("rule.no-complete-after-a-failure", fails_as_a_whole),
    ("rule.ends-with-a-success", ends_with_what_is_in_progress),
]


def test_the_right_stream_has_no_finding() -> None:
    monitor = watched(right())
    assert (monitor.findings, monitor.unsettled, monitor.verdict) == ((), (), Verdict.CONFORMS)


def test_every_rule_and_slice_is_broken_here() -> None:
    rules = {f"rule.{rule.id}" for rule in STREAM.rules} | {f"slice.{slice_.id}" for slice_ in STREAM.slices}
    assert {id_ for id_, _ in BROKEN} == rules


@pytest.mark.parametrize(("id_", "spoil"), BROKEN)
def test_a_stream_that_breaks_one_rule_has_that_finding_alone(id_: str, spoil: Callable[[Events], None]) -> None:
    events = right()
    spoil(events)
    monitor = watched(events)
    assert [finding.id for finding in monitor.findings] == [id_]


@pytest.mark.parametrize("number", range(len(right()) - 1))
def test_a_stream_may_fail_at_any_place(number: int) -> None:
    events = [*right()[: number + 1], Event("stream_error", "It went wrong. Reference: 0123abcd")]
    assert watched(events).findings == ()


@pytest.mark.parametrize(
    ("event", "id_"),
    [
        (Event(None, "<div>no entry</div>"), "schema.payload"),
        (Event(None, line(Status.SUCCESS, Step.NEWS, "a").replace("news", "rumours")), "schema.payload"),
        (Event(None, line(Status.SUCCESS, Step.NEWS, "a").replace("downloading_data", "analyzing")), "schema.payload"),
        (Event(None, line(Status.SUCCESS, Step.NEWS, "a\nb").replace("a b", "a\nb")), "schema.payload"),
        (Event(None, line(Status.SUCCESS, Step.NEWS, "a") + "<p>and more"), "schema.payload"),
        (Event(None, line(Status.SUCCESS, Step.NEWS, "a") + line(Status.SUCCESS, Step.NEWS, "b")), "schema.payload"),
        (Event(None, line(Status.SUCCESS, Step.NEWS, "@").replace("@", "<ScRipt>1</ScRipt>")), "schema.payload"),
        (Event("message", line(Status.SUCCESS, Step.NEWS, "a")), "schema.event"),
    ],
)
def test_a_fragment_is_one_unnamed_element_on_one_line(event: Event, id_: str) -> None:
    events = right()
    events[at(events, Status.SUCCESS, Step.NEWS)] = event
    assert id_ in [finding.id for finding in watched(events).findings]


def test_what_text_says_of_stages_is_text() -> None:
    """A quotation mark in text need not be escaped."""
    events = right()
    text = ' data-status="failed" data-stage="starting" data-substage="saving_data">'.replace(">", "&gt;")
    for place in (at(events, Status.SUCCESS, Step.PROFILE), at(events, Status.SUCCESS, Step.REPORT), -2):
        events[place] = Event(None, str(events[place].data).replace("</div>", f"{text}</div>"))
    monitor = watched(events)
    assert (monitor.findings, monitor.unsettled) == ((), ())


@pytest.mark.parametrize("data", ["done", "{}", " "])
def test_complete_has_no_data(data: str) -> None:
    assert [f.id for f in watched([*right()[:-1], Event("complete", data)]).findings] == ["schema.payload"]


def test_complete_without_a_data_line_is_no_event() -> None:
    """As in a browser, which drops it, so that the stream has no end."""
    monitor = STREAM.monitor(Request(method="GET", query={"symbol": "AAPL"}), Response(200, HEADERS))
    for event in right()[:-1]:
        monitor.observe(event)
    monitor.feed(b"event: complete\n\n")
    monitor.close()
    assert [finding.id for finding in monitor.findings] == ["sequence.truncated"]


@pytest.mark.parametrize("text", ["It failed.", "It failed. Reference: 123", "It failed. Reference: 0123ABCD", ""])
def test_an_error_ends_with_its_reference(text: str) -> None:
    assert [f.id for f in watched([right()[0], Event("stream_error", text)]).findings] == ["schema.payload"]


def test_the_reconnection_time_comes_first() -> None:
    events = right()
    events[0] = Event(None, events[0].data)
    assert [finding.id for finding in watched(events).findings] == ["timing.retry"]
