"""The monitor as a whole: single events, unknown ones, verdicts, the choice of an order, bytes and events alike."""

import time
import tracemalloc
from collections.abc import Iterable
from typing import Any

import pytest
from documents import ids, json_event, stream_of, text_event, watched
from hypothesis import given
from hypothesis import strategies as st

from streamcontract import Event, Level, Request, StreamMonitor, Verdict
from streamcontract.contract.model import Stream
from streamcontract.wire.encoder import encode

CHAT = {
    "meta": json_event("meta", {"chatId": "string"}),
    "delta": json_event("delta", {"text": "string"}),
    "done": json_event("done", {"text": "string"}),
    "error": json_event("error", {"message": "string"}),
}
CHAT_STREAM: dict[str, Any] = {
    "sequence": "meta delta* (done | error)",
    "outcome": {"success": ["done"], "failure": ["error"]},
    "slices": [{"id": "texts", "by": "data.text", "events": ["delta"], "sequence": "delta", "reopen": True}],
    "rules": [
        {
            "id": "done-repeats",
            "collect": {"text": {"join": "data.text", "from": "delta"}},
            "at": "done",
            "assert": "data.text == text",
        },
        {"id": "no-empty-text", "at": "delta", "assert": "data.text != ''", "level": "should"},
    ],
}
META, DELTA, DONE = ("meta", {"chatId": "1"}), ("delta", {"text": "a"}), ("done", {"text": "a"})


def chat(**changes: Any) -> Stream:
    return stream_of({**CHAT_STREAM, **changes}, CHAT)


# Verdicts, outcomes, and what else is known of a stream.


def test_a_right_stream_conforms() -> None:
    monitor = watched(chat(), [META, DELTA, DONE])
    assert (monitor.findings, monitor.unsettled, monitor.verdict) == ((), (), Verdict.CONFORMS)
    assert (monitor.events, monitor.last_symbol, monitor.outcome, monitor.ended) == (3, "done", "success", True)


def test_a_failure_that_the_contract_knows_conforms_too() -> None:
    monitor = watched(chat(), [META, ("error", {"message": "no"})])
    assert (monitor.verdict, monitor.outcome) == (Verdict.CONFORMS, "failure")


@pytest.mark.parametrize(
    ("events", "by", "verdict", "outcome"),
    [
        ([META, DELTA], "server", Verdict.VIOLATES, None),
        ([META, DELTA], "client", Verdict.INCONCLUSIVE, None),
        ([], "server", Verdict.VIOLATES, None),
        ([], "client", Verdict.INCONCLUSIVE, None),
        ([META, META], "client", Verdict.VIOLATES, None),
        ([META, ("delta", {})], "client", Verdict.VIOLATES, None),
        ([META, ("delta", {"text": ""}), ("done", {"text": ""})], "server", Verdict.CONFORMS, "success"),
    ],
)
def test_the_verdict_has_three_values(events: Any, by: str, verdict: Verdict, outcome: str | None) -> None:
    monitor = watched(chat(), events, by=by)
    assert (monitor.verdict, monitor.outcome) == (verdict, outcome)


def test_before_the_end_a_right_stream_is_inconclusive() -> None:
    assert watched(chat(), [META, DELTA], by=None).verdict is Verdict.INCONCLUSIVE
    assert watched(chat(), [DELTA], by=None).verdict is Verdict.VIOLATES


def test_what_is_known_goes_on_with_the_stream() -> None:
    monitor = chat().monitor()
    assert (monitor.events, monitor.last_symbol, monitor.outcome, monitor.ended) == (0, None, None, False)
    monitor.observe(Event("meta", {"chatId": "1"}))
    assert (monitor.events, monitor.last_symbol, monitor.outcome, monitor.ended) == (1, "meta", None, False)
    monitor.observe(Event("done", {"text": ""}))
    assert (monitor.events, monitor.last_symbol, monitor.outcome, monitor.ended) == (2, "done", "success", True)


def test_only_new_findings_are_returned_and_all_are_kept() -> None:
    monitor = chat().monitor()
    assert [finding.id for finding in monitor.observe(Event("delta", {"text": "a"}))] == ["sequence.unexpected-event"]
    assert monitor.observe(Event("delta", {"text": "a"})) == []
    assert [finding.id for finding in monitor.observe(Event("delta", {"text": 1}))] == ["schema.payload"]
    assert [finding.id for finding in monitor.close()] == ["sequence.truncated"]
    assert ids(monitor) == ["sequence.unexpected-event", "schema.payload", "sequence.truncated"]


def test_the_request_is_kept_with_every_finding() -> None:
    request = Request(method="POST", url="http://127.0.0.1/watch", body={"prompt": "x"})
    monitor = watched(chat(), [DELTA], request=request)
    assert monitor.findings
    assert all(finding.request == request for finding in monitor.findings)


# One event by itself.


@pytest.mark.parametrize(
    ("event", "id_", "words"),
    [
        (("delta", {"txt": "a"}), "schema.payload", {"text"}),
        (("delta", {"text": 7}), "schema.payload", {"text", "7", "string"}),
        (("delta", "no json"), "schema.not-json", {"JSON", "no json"}),
        (("delta", ""), "schema.not-json", {"JSON"}),
    ],
)
def test_what_is_wrong_inside_an_event_is_named(event: Any, id_: str, words: set[str]) -> None:
    monitor = watched(chat(), [META, event], by="client")
    (finding,) = monitor.findings
    assert (finding.id, finding.event_index, finding.level) == (id_, 1, Level.MUST)
    assert finding.message.startswith("event 2 (delta): ")
    assert all(word in finding.message + finding.expected + finding.got for word in words), finding


def test_the_envelope_is_checked_apart_from_the_payload() -> None:
    tick = {**text_event("tick", id={"type": "string"}), "required": ["event", "data", "id"]}
    monitor = stream_of({"sequence": "tick*"}, {"tick": tick}).monitor()
    monitor.feed(b"id: 1\nevent: tick\ndata: x\n\nevent: tick\ndata: x\n\n")
    monitor.close()
    (finding,) = monitor.findings
    assert (finding.id, finding.event_index) == ("schema.event", 1)
    assert "id" in finding.message


def test_equal_faults_are_one_finding_and_different_ones_are_not() -> None:
    wrong = [("delta", {"text": number}) for number in range(4)]
    monitor = watched(chat(), [META, *wrong, ("delta", {}), ("delta", {"text": 9})], by="client")
    assert [(finding.id, finding.count) for finding in monitor.findings] == [
        ("schema.payload", 5),
        ("schema.payload", 1),
    ]
    assert monitor.findings[0].places[:4] == (1, 2, 3, 4)
    assert monitor.findings[0].event_index == 1


def test_an_event_with_an_invalid_payload_counts_for_the_order() -> None:
    assert ids(watched(chat(), [META, ("delta", {}), ("error", {"message": "x"})])) == ["schema.payload"]
    assert ids(watched(chat(), [("meta", "no json"), ("error", {"message": "x"})])) == ["schema.not-json"]


def test_a_message_about_a_huge_event_stays_short() -> None:
    monitor = watched(chat(), [META, ("delta", {"text": ["x" * 100_000]}), ("delta", "y" * 100_000)], by="client")
    assert monitor.findings
    for finding in monitor.findings:
        assert len(finding.message) + len(finding.got) + len(finding.expected) < 2_000


# Unknown events.


def test_an_unknown_event_is_ignored() -> None:
    monitor = watched(chat(), [("news", "x"), META, ("news", "x"), DELTA, (None, "x"), DONE, ("news", "x")])
    assert (monitor.findings, monitor.verdict) == ((), Verdict.CONFORMS)


def test_an_unknown_event_is_rejected_where_the_contract_says_so() -> None:
    monitor = watched(chat(unknownEvents="reject"), [META, ("news", "x"), DELTA, ("news", "x"), DONE])
    (finding,) = monitor.findings
    assert (finding.id, finding.event_index, finding.count, finding.places) == ("schema.unknown-event", 1, 2, (1, 3))
    assert "news" in finding.message
    assert monitor.verdict is Verdict.VIOLATES


def test_an_index_counts_all_events_and_a_number_is_one_more() -> None:
    monitor = watched(chat(), [("news", "x"), META, META], by="client")
    (finding,) = monitor.findings
    assert finding.event_index == 2
    assert finding.message.startswith("event 3 (meta): ")


# Which order holds.

BY_REQUEST = [
    {"when": "request.body.mode == 'short'", "sequence": "meta done"},
    {"when": "request.body.mode != 'any'", "sequence": "meta delta{2} done"},
    {"sequence": "(meta | delta | done | error)*"},
]


@pytest.mark.parametrize(
    ("mode", "events", "found"),
    [
        ("short", [META, ("done", {"text": ""})], []),
        ("short", [META, DELTA, DONE], ["sequence.unexpected-event"]),
        ("long", [META, DELTA, DELTA, ("done", {"text": "aa"})], []),
        ("long", [META, ("done", {"text": ""})], ["sequence.unexpected-event"]),
        ("any", [DELTA, DELTA, META], []),
        (None, [DELTA, DELTA, META], []),
    ],
)
def test_the_first_order_whose_condition_holds(mode: str | None, events: Any, found: list[str]) -> None:
    """Without a mode no `when` has a value, which means no: the last one is the default."""
    body = {} if mode is None else {"mode": mode}
    monitor = watched(chat(sequence=BY_REQUEST, outcome={}, slices=[]), events, request=Request(body=body))
    assert ids(monitor) == found


def test_without_a_request_the_order_is_not_judged() -> None:
    monitor = watched(chat(sequence=BY_REQUEST, outcome={}, slices=[]), [DELTA, META])
    assert monitor.findings == ()
    assert monitor.unsettled
    assert monitor.verdict is Verdict.INCONCLUSIVE


# For `afterwards`.


def test_what_a_follow_up_needs_is_gathered() -> None:
    stream = chat(
        afterwards=[
            {
                "id": "stored",
                "after": "done",
                "operation": "watch",
                "collect": {"chat_id": {"first": "data.chatId", "from": "meta"}},
                "assert": "response.body.text == last.data.text",
            }
        ]
    )
    monitor = watched(stream, [META, DELTA, ("news", "x"), DONE])
    assert monitor.collected(stream.afterwards[0]) == {"chat_id": "1"}
    assert monitor.last is not None
    assert (monitor.last["data"], monitor.last["event"], monitor.last["id"]) == ({"text": "a"}, "done", "")
    assert monitor.last["index"] == 2


# Bytes and events alike.

FIELD = st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), max_size=4)
EVENTS = st.builds(
    Event,
    st.sampled_from(["meta", "delta", "done", "error", "news", "message", None]),
    st.one_of(
        st.sampled_from([{"chatId": "1"}, {"text": "a"}, {"text": ""}, {"message": "x"}, {}, {"text": 1}]),
        st.sampled_from(["", "\n", "a\rb", "a\r\nb\n", " a", ":", "\ufeff", "\0"]),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
    ),
    id=st.one_of(st.none(), FIELD),
    retry=st.one_of(st.none(), st.integers(0, 5)),
)


def known(monitor: StreamMonitor) -> Any:
    """All that a monitor says, but for what only bytes have: offsets."""
    found = [
        (finding.id, finding.level, finding.message, finding.place, finding.count, finding.places, finding.event_index)
        for finding in monitor.findings
    ]
    state = (monitor.events, monitor.last_symbol, monitor.outcome, monitor.ended, monitor.transitions)
    return found, monitor.verdict, monitor.unsettled, state, monitor.last


BOTH_WAYS = chat(retry=3, anywhere=["error"])
REJECTING = chat(unknownEvents="reject")


@given(st.sampled_from([BOTH_WAYS, REJECTING]), st.lists(EVENTS, max_size=8), st.sampled_from(["server", "client"]))
def test_events_before_they_are_sent_are_judged_as_their_bytes(stream: Stream, events: list[Event], by: str) -> None:
    observing, feeding = stream.monitor(), stream.monitor()
    for event in events:
        told = observing.observe(event)
        fed = feeding.feed(encode(event))
        assert [finding.id for finding in told] == [finding.id for finding in fed]
    observing.close(by=by)
    feeding.close(by=by)
    assert known(observing) == known(feeding)


@given(st.lists(EVENTS, max_size=6), st.data())
def test_it_does_not_matter_how_the_bytes_are_cut(events: list[Event], data: st.DataObject) -> None:
    stream = b"".join(encode(event) for event in events) + data.draw(st.sampled_from([b"", b": end\n", b"data: cut"]))
    whole, cut = BOTH_WAYS.monitor(), BOTH_WAYS.monitor()
    whole.feed(stream)
    places = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    for start, end in zip([0, *places], [*places, len(stream)], strict=True):
        cut.feed(stream[start:end])
    whole.close()
    cut.close()
    assert known(whole) == known(cut)
    assert [finding.offset for finding in whole.findings] == [finding.offset for finding in cut.findings]


def test_a_finding_of_bytes_knows_its_byte_and_one_of_events_does_not() -> None:
    first = b'event: meta\ndata: {"chatId": "1"}\n\n'
    fed = chat().monitor()
    (finding,) = fed.feed(b": hi\n\n" + first + first)
    assert finding.offset == len(b": hi\n\n" + first)
    observed = watched(chat(), [META, META], by=None)
    assert observed.findings[0].offset is None


def test_what_the_framing_loses_is_found_too() -> None:
    monitor = chat().monitor()
    monitor.feed(b'event: meta\ndata: {"chatId": "1"}\n\nevent: done\ndata: {"text": ""}\n')
    monitor.close()
    assert ids(monitor) == ["wire.unterminated-event", "sequence.truncated"]
    cut = chat().monitor()
    cut.feed(b"event: meta\nda")
    cut.close(by="client")
    assert ids(cut) == []


@pytest.mark.parametrize("by", ["server", "client"])
def test_what_hangs_on_a_lost_event_is_not_judged(by: str) -> None:
    """The delta is too long to be read: neither its absence nor the text that it had is held against the server."""
    monitor = chat(sequence="meta delta done", interruptedBy=["error"], outcome={}).monitor()
    monitor.feed(b'event: meta\ndata: {"chatId": "1"}\n\nevent: delta\ndata: {"text": "')
    for _ in range(64):
        monitor.feed(b"x" * 2**20)
    monitor.feed(b'"}\n\nevent: done\ndata: {"text": "xx"}\n\n')
    monitor.close(by=by)
    assert [id_.split(".")[0] for id_ in ids(monitor)] == ["wire"]
    assert {unsettled.id for unsettled in monitor.unsettled} >= {"rule.done-repeats", "slice.texts", "sequence"}


@given(chunks=st.lists(st.binary(max_size=30), max_size=6), timed=st.booleans())
def test_any_bytes_are_judged_without_an_exception(chunks: list[bytes], *, timed: bool) -> None:
    monitor = BOTH_WAYS.monitor()
    for number, chunk in enumerate([*chunks, b"\nevent: delta\ndata: ", *chunks, b"\n\n"]):
        monitor.feed(chunk, at=float(number) if timed else None)
    monitor.close(at=100.0 if timed else None)
    assert monitor.findings, "no such stream starts with meta and announces its reconnection time"
    assert monitor.verdict is Verdict.VIOLATES


# Constant memory, constant time.


def ticks(count: int) -> Iterable[bytes]:
    block = b'event: delta\ndata: {"text": "abc"}\n\n' * 100
    yield b'event: meta\ndata: {"chatId": "1"}\n\n'
    for _ in range(count // 100):
        yield block


LEAN = {
    **CHAT_STREAM,
    "rules": [
        {"id": "sum", "collect": {"n": {"count": "delta"}}, "at": "delta", "assert": "n == index - 1"},
        {"id": "previous", "at": "delta", "by": "data.text", "assert": "data.text == previous.data.text"},
        {"id": "never", "at": "delta", "assert": "data.text == 'x'"},
    ],
}


def peak(stream: Stream, count: int) -> tuple[int, float]:
    """Bytes and seconds that a stream of so many events takes."""
    monitor = stream.monitor()
    tracemalloc.start()
    started = time.process_time()
    for chunk in ticks(count):
        monitor.feed(chunk)
    seconds = time.process_time() - started
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (monitor.events, ids(monitor)) == (count + 1, ["rule.never"])
    return most, seconds


def test_memory_and_time_for_an_event_do_not_grow_with_the_stream() -> None:
    stream = stream_of(LEAN, CHAT)
    peak(stream, 1_000)
    few, few_seconds = peak(stream, 2_000)
    many, many_seconds = peak(stream, 40_000)
    assert many < few + 100_000
    assert many_seconds < few_seconds * 20 * 3, "an event late in the stream costs what one at its beginning costs"


def test_a_stream_of_nothing_but_different_faults_stays_bounded() -> None:
    schema = {"delta": json_event("delta", {str(number): "integer" for number in range(3_000)}, required=False)}
    monitor = stream_of({"sequence": "delta*"}, schema).monitor()
    for number in range(3_000):
        monitor.observe(Event("delta", {str(number): "x"}))
    assert len(monitor.findings) == 1_000
    assert [unsettled.id for unsettled in monitor.unsettled] == ["findings"], "what is not kept is not kept silently"
    assert monitor.verdict is Verdict.VIOLATES
