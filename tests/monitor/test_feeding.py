"""Bytes and events are judged alike, however they are cut, in constant memory and time."""

import time
import tracemalloc
from collections.abc import Iterable
from typing import Any

import pytest
from chat import CHAT, CHAT_STREAM, META, chat
from documents import ids, json_event, stream_of, watched
from hypothesis import given
from hypothesis import strategies as st

from streamcontract import Event, StreamMonitor, Verdict
from streamcontract.contract.model import Stream
from streamcontract.wire.encoder import encode

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
    (finding,) = monitor.findings
    assert finding.id == "wire.unterminated-event"
    assert "Without it the stream ended after meta (event 1), where it had to go on with" in finding.message
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
    few, few_seconds = peak(stream, 1_000)
    many, many_seconds = peak(stream, 8_000)
    assert many < few + 100_000
    assert many_seconds < few_seconds * 8 * 3, "an event late in the stream costs what one at its beginning costs"


def test_a_stream_of_nothing_but_different_faults_stays_bounded() -> None:
    schema = {"delta": json_event("delta", {str(number): "integer" for number in range(3_000)}, required=False)}
    monitor = stream_of({"sequence": "delta*"}, schema).monitor()
    for number in range(3_000):
        monitor.observe(Event("delta", {str(number): "x"}))
    assert len(monitor.findings) == 1_000
    assert [unsettled.id for unsettled in monitor.unsettled] == ["findings"], "what is not kept is not kept silently"
    assert monitor.verdict is Verdict.VIOLATES


def named_inside(name: str) -> dict[str, Any]:
    """An event that only its payload names."""
    content = {"type": "object", "required": ["type"], "properties": {"type": {"const": name}}}
    data = {"type": "string", "contentMediaType": "application/json", "contentSchema": content}
    return {"type": "object", "required": ["data"], "properties": {"data": data}}


@pytest.mark.parametrize("broken", [0, 1, 2, 3])
def test_an_event_that_may_have_been_any_is_one_finding_and_no_cascade(broken: int) -> None:
    """Which of them it was meant to be, nobody can tell; the order takes it for the one that fits."""
    names = ["start", "part", "part", "stop"]
    contract = {name: named_inside(name) for name in ("start", "part", "stop")}
    stream = stream_of({"sequence": "start part* stop", "symbol": "data.type"}, contract)
    monitor = stream.monitor()
    for number, name in enumerate(names):
        text = f'{{"type": "{name}"}}' if number != broken else '{"type": "'
        monitor.feed(f"data: {text}\n\n".encode())
    monitor.close()
    assert ids(monitor) == ["schema.not-json"]


def test_an_event_without_a_name_is_still_too_much_after_the_end() -> None:
    stream = stream_of(
        {"sequence": "start stop", "symbol": "data.type"}, {n: named_inside(n) for n in ("start", "stop")}
    )
    monitor = stream.monitor()
    for text in ('{"type": "start"}', '{"type": "stop"}', "{"):
        monitor.feed(f"data: {text}\n\n".encode())
    monitor.close()
    assert ids(monitor) == ["schema.not-json", "sequence.after-end"]


def any_number(name: str) -> dict[str, Any]:
    return json_event(name, {"i": {}}, required=False)


def test_a_key_of_several_parts_does_not_tell_1_from_1_0() -> None:
    turns = {"id": "turns", "by": "[data.i, {'k': data.i}]", "events": ["a", "b"], "sequence": "a b"}
    contract = {name: any_number(name) for name in ("a", "b")}
    stream = stream_of({"sequence": "(a | b)*", "slices": [turns]}, contract)
    monitor = watched(stream, [("a", {"i": 1}), ("b", {"i": 1.0})])
    assert (ids(monitor), monitor.verdict) == ([], Verdict.CONFORMS)
    goes_up = {"id": "goes-up", "at": "a", "by": "[data.i]", "assert": "data.i > previous.data.i"}
    stream = stream_of({"sequence": "(a | b)*", "rules": [goes_up]}, contract)
    assert ids(watched(stream, [("a", {"i": 1}), ("a", {"i": 1.0})])) == ["rule.goes-up"]


def test_what_interrupts_after_the_end_changes_nothing_of_how_it_ended() -> None:
    contract = {name: any_number(name) for name in ("a", "b", "stop", "error")}
    pairs = {"id": "pairs", "by": "data.i", "events": ["a", "b"], "sequence": "a b"}
    language = {"sequence": "(a | b)* stop", "interruptedBy": ["error"], "slices": [pairs]}
    stream = stream_of({**language, "outcome": {"success": ["stop"], "failure": ["error"]}}, contract)
    monitor = watched(stream, [("a", {"i": 1}), ("stop", {}), ("error", {})])
    assert (ids(monitor), monitor.outcome) == (["sequence.after-end", "slice.pairs"], "success")


@pytest.mark.parametrize("data", ['{"n": "x"}', "xx"])
def test_a_rule_at_the_end_does_not_judge_an_invalid_last_event(data: str) -> None:
    contract = {"t": json_event("t", {"i": "integer"}), "done": json_event("done", {"n": "integer"})}
    counts = {"id": "counts", "collect": {"c": {"count": "t"}}, "at": "end", "assert": "last.data.n == c"}
    stream = stream_of({"sequence": "t* done", "rules": [counts]}, contract)
    monitor = watched(stream, [("t", {"i": 1}), ("done", data)])
    assert len(monitor.findings) == 1
    assert monitor.findings[0].id.startswith("schema.")
    assert [part.id for part in monitor.unsettled] == ["rule.counts"]
