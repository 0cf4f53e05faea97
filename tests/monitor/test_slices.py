"""One order per key, interleaved (section 4 of the contract language)."""

from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from documents import ANY_ORDER, ids, json_event, stream_of, watched
from hypothesis import given
from hypothesis import strategies as st
from oracle.matcher import accepts
from oracle.strategies import PLAIN, Grammar, grammars, words_of

from streamcontract import Event, Level, Verdict
from streamcontract.contract.automaton import compile_sequence
from streamcontract.contract.grammar import parse
from streamcontract.contract.model import Stream

KEYED = {name: json_event(name, {"index": {}}, required=False) for name in ("start", "piece", "stop", "end", "error")}
BLOCKS = {
    "id": "blocks",
    "by": "data.index",
    "events": ["start", "piece", "stop"],
    "sequence": "start piece* stop",
    "completeBefore": ["end"],
}


def blocks(sequence: str = "(start | piece | stop)* end", **changes: Any) -> Stream:
    """Message blocks by index, with changes to the slice."""
    slice_ = {key: value for key, value in {**BLOCKS, **changes}.items() if value is not None}
    return stream_of({"sequence": sequence, "interruptedBy": ["error"], "slices": [slice_]}, KEYED)


def events(text: str) -> list[tuple[str, Any]]:
    """`start:0 piece stop:"x"`: the types, each with its index where it has one (JSON)."""
    found = []
    for word in text.split():
        name, _, index = word.partition(":")
        found.append((name, f'{{"index": {index}}}' if index else "{}"))
    return found


@pytest.mark.parametrize(
    "text",
    [
        "start:0 piece:0 stop:0 end",
        "start:0 start:1 piece:1 piece:0 stop:1 piece:0 stop:0 end",
        "start:0 stop:0 start:1 stop:1 end",
        "end",
    ],
)
def test_each_key_has_its_own_order(text: str) -> None:
    monitor = watched(blocks(), events(text))
    assert monitor.findings == ()
    assert monitor.verdict is Verdict.CONFORMS


@pytest.mark.parametrize(
    ("text", "index"),
    [
        ("piece:0 stop:0 end", 0),
        ("start:0 start:0 stop:0 end", 1),
        ("start:0 start:1 stop:1 piece:1 stop:0 end", 3),
        ("start:0 piece:0 end", 2),
        ("start:0 stop:0 stop:0 end", 2),
        ("start:0 stop:0 start:0 stop:0 end", 2),
    ],
)
def test_a_fault_within_one_key_is_one_finding(text: str, index: int) -> None:
    monitor = watched(blocks(), events(text))
    assert ids(monitor) == ["slice.blocks"]
    finding = monitor.findings[0]
    assert (finding.level, finding.event_index) == (Level.MUST, index)
    assert monitor.verdict is Verdict.VIOLATES


def test_the_message_names_key_event_and_what_was_allowed() -> None:
    (finding,) = watched(blocks(), events("start:7 start:8 start:7 stop:7 stop:8 end")).findings
    assert "event 3 (start)" in finding.message
    assert "7" in finding.message.replace("event 3", "")
    assert {"piece", "stop"} <= set(finding.message.replace(",", " ").split())


def test_open_slices_are_named_when_they_should_be_complete() -> None:
    (finding,) = watched(blocks(), events("start:0 start:1 stop:1 start:2 end")).findings
    assert finding.count == 2 or ("0" in finding.message and "2" in finding.message)
    assert "end" in finding.message


def test_what_was_open_before_the_last_event_is_not_told_again_at_the_end() -> None:
    (finding,) = watched(blocks(), events("start:0 end")).findings
    assert finding.count == 1


def test_without_complete_before_the_end_of_the_stream_asks() -> None:
    assert ids(watched(blocks(completeBefore=None), events("start:0 end"))) == ["slice.blocks"]
    assert ids(watched(blocks(completeBefore=None), events("start:0 stop:0 end"))) == []


def test_a_slice_may_be_finished_after_what_does_not_ask() -> None:
    stream = blocks("(start | piece | stop | end)*", completeBefore=None)
    assert ids(watched(stream, events("start:0 end stop:0"))) == []


def test_after_an_interruption_open_slices_are_no_fault() -> None:
    monitor = watched(blocks(), events("start:0 piece:0 error"))
    assert monitor.findings == ()
    assert monitor.verdict is Verdict.CONFORMS


def test_when_the_client_hangs_up_open_slices_are_no_fault() -> None:
    monitor = watched(blocks(), events("start:0 piece:0"), by="client")
    assert monitor.findings == ()
    assert monitor.verdict is Verdict.INCONCLUSIVE


def test_a_truncated_stream_is_one_fault() -> None:
    assert ids(watched(blocks(), events("start:0 piece:0"))) == ["sequence.truncated"]


def test_a_finished_key_may_start_over_only_where_the_contract_says_so() -> None:
    text = "start:0 stop:0 start:0 piece:0 stop:0 end"
    assert ids(watched(blocks(reopen=False), events(text))) == ["slice.blocks"]
    assert ids(watched(blocks(reopen=True), events(text))) == []
    assert ids(watched(blocks(reopen=True), events("start:0 stop:0 start:0 end"))) == ["slice.blocks"]
    assert ids(watched(blocks(reopen=True), events("start:0 start:0 stop:0 end"))) == ["slice.blocks"]


def test_an_event_without_the_key_belongs_to_no_slice() -> None:
    assert ids(watched(blocks(), events("piece stop start end"))) == []


def test_keys_are_told_apart_by_value_and_type() -> None:
    assert ids(watched(blocks(), events('start:1 start:"1" start:true stop:1 stop:"1" stop:true end'))) == []
    assert ids(watched(blocks(), events("start:1 piece:1.0 stop:1 end"))) == [], "1 and 1.0 are one number in JSON"
    assert ids(watched(blocks(), events("start:[1] start:{} stop:{} stop:[1] end"))) == []


def test_several_keys_are_one_key() -> None:
    schemas = {name: json_event(name, {"a": "integer", "b": "integer"}) for name in ("open", "close")}
    slice_ = {"id": "pairs", "by": "[data.a, data.b]", "events": ["open", "close"], "sequence": "open close"}
    stream = stream_of({"sequence": ANY_ORDER, "slices": [slice_]}, schemas)

    def at(name: str, a: int, b: int) -> tuple[str, Any]:
        return name, {"a": a, "b": b}

    assert ids(watched(stream, [at("open", 1, 2), at("open", 2, 1), at("close", 1, 2), at("close", 2, 1)])) == []
    assert ids(watched(stream, [at("open", 1, 2), at("close", 2, 1), at("close", 1, 2)])) == ["slice.pairs"]


CHOICES = {
    "id": "choices",
    "each": "data.choices",
    "events": ["chunk"],
    "by": "item.index",
    "symbol": "item.finish_reason == null ? 'part' : 'last'",
    "sequence": "part* last",
}


def choices(*chunks: Any) -> list[str]:
    stream = stream_of({"sequence": "chunk*", "slices": [CHOICES]}, {"chunk": json_event("chunk")})
    return ids(watched(stream, [("chunk", chunk) for chunk in chunks]))


def part(index: int, reason: str | None = None) -> dict[str, Any]:
    return {"index": index, "finish_reason": reason}


def test_one_event_may_carry_several_items() -> None:
    assert (
        choices({"choices": [part(0), part(1)]}, {"choices": [part(1, "stop")]}, {"choices": [part(0, "stop")]}) == []
    )
    assert choices({"choices": [part(0), part(1)]}, {"choices": [part(0, "stop")]}) == ["slice.choices"]
    assert choices({"choices": [part(0, "stop")]}, {"choices": [part(0)]}) == ["slice.choices"]
    assert choices({"choices": [part(0, "stop"), part(0)]}) == ["slice.choices"]


def test_items_that_are_not_there_are_no_fault() -> None:
    assert choices({}, {"choices": []}, {"choices": None}, {"choices": 7}, {"choices": "text"}) == []
    assert choices({"choices": [{"finish_reason": None}, 7, None]}) == [], "no key: no slice"


def test_after_an_invalid_payload_the_slice_is_unsettled() -> None:
    schemas = {**KEYED, "piece": json_event("piece", {"index": "integer"})}
    slice_ = {**BLOCKS}
    stream = stream_of({"sequence": "(start | piece | stop)* end", "slices": [slice_]}, {
        name: schemas[name] for name in ("start", "piece", "stop", "end")})  # fmt: skip
    monitor = watched(stream, [*events("start:0"), ("piece", {"index": "0"}), *events("stop:1 end")])
    assert ids(monitor) == ["schema.payload"]
    assert [unsettled.id for unsettled in monitor.unsettled] == ["slice.blocks"]
    assert monitor.unsettled[0].reason


def test_what_was_found_before_the_invalid_payload_stays() -> None:
    schemas = {**KEYED, "piece": json_event("piece", {"index": "integer"})}
    stream = stream_of({"sequence": "(start | piece | stop)* end", "slices": [BLOCKS]}, {
        name: schemas[name] for name in ("start", "piece", "stop", "end")})  # fmt: skip
    monitor = watched(stream, [*events("stop:0"), ("piece", {}), *events("stop:1 end")])
    assert ids(monitor) == ["slice.blocks", "schema.payload"]


def test_an_invalid_event_that_the_slice_does_not_look_at_unsettles_nothing() -> None:
    schemas = {**KEYED, "other": json_event("other", {"n": "integer"})}
    del schemas["error"]
    stream = stream_of({"sequence": "(start | piece | stop | other)* end", "slices": [BLOCKS]}, schemas)
    monitor = watched(stream, [("other", {}), *events("stop:0 end")])
    assert ids(monitor) == ["schema.payload", "slice.blocks"]
    assert monitor.unsettled == ()


def test_equal_faults_of_many_keys_are_one_finding() -> None:
    (finding,) = watched(blocks(), events(" ".join(f"stop:{key}" for key in range(50)) + " end")).findings
    assert finding.count == 50
    assert finding.places[:3] == (0, 1, 2)
    assert len(finding.places) <= 10


def test_more_keys_than_can_be_followed_are_unsettled() -> None:
    stream = blocks()
    monitor = stream.monitor()
    for key in range(12_000):
        monitor.observe(Event("start", {"index": key}))
        monitor.observe(Event("stop", {"index": key}))
    monitor.observe(Event("stop", {"index": 3}))
    monitor.observe(Event("end", {}))
    monitor.close()
    assert monitor.findings == ()
    assert [unsettled.id for unsettled in monitor.unsettled] == ["slice.blocks"]
    assert monitor.verdict is Verdict.INCONCLUSIVE


def test_as_many_keys_as_a_large_answer_has_are_followed() -> None:
    stream = blocks()
    monitor = stream.monitor()
    for key in range(5_000):
        monitor.observe(Event("start", {"index": key}))
    monitor.observe(Event("end", {}))
    assert ids(monitor) == ["slice.blocks"]
    assert len(monitor.findings[0].message) < 1_000


def test_several_faults_of_one_event_have_one_place() -> None:
    stream = stream_of({"sequence": "chunk*", "slices": [CHOICES]}, {"chunk": json_event("chunk")})
    ended = {"choices": [part(0, "stop"), part(1, "stop")]}
    (finding,) = watched(stream, [("chunk", ended), ("chunk", ended)]).findings
    assert (finding.count, finding.places) == (2, (1,))


# The order law holds in each slice.


@cache
def stream_of_slices() -> Stream:
    slice_ = {"id": "keys", "by": "data.key", "events": [*PLAIN], "sequence": "(a | b | c | d)*"}
    schemas = {name: json_event(name, {"key": "integer"}) for name in PLAIN}
    return stream_of({"sequence": ANY_ORDER, "slices": [slice_]}, schemas)


def sliced(text: str) -> Stream:
    base = stream_of_slices()
    return replace(base, slices=(replace(base.slices[0], automaton=compile_sequence(parse(text))),))


@st.composite
def interleaved(draw: st.DrawFn, words: list[tuple[str, ...]]) -> list[tuple[str, Any]]:
    keys = draw(st.permutations([key for key, word in enumerate(words) for _ in word]))
    left = [list(word) for word in words]
    return [(left[key].pop(0), {"key": key}) for key in keys]


@given(st.data(), grammars(leaves=4))
def test_one_event_deleted_in_one_key_is_one_finding(data: st.DataObject, grammar: Grammar) -> None:
    # A key exists from its first event on, so the empty word stands for a key that never came.
    words = [data.draw(words_of(grammar.expression)) for _ in range(3)]
    stream = sliced(grammar.text)
    assert watched(stream, data.draw(interleaved(words))).findings == ()
    chosen = data.draw(st.integers(0, 2))
    if not words[chosen]:
        return
    at = data.draw(st.integers(0, len(words[chosen]) - 1))
    words[chosen] = words[chosen][:at] + words[chosen][at + 1 :]
    found = watched(stream, data.draw(interleaved(words))).findings
    right = not words[chosen] or accepts(grammar.expression, words[chosen])
    assert sum(finding.count for finding in found) == (0 if right else 1), (grammar.text, words)


@pytest.mark.parametrize(("one", "other"), [(2**64, 2**64 + 1), (10**30, 10**30 + 1), (2**53, 2**53 + 1)])
def test_keys_beyond_64_bits_are_told_apart(one: int, other: int) -> None:
    stream = ids_in_order("data.i")
    assert watched(stream, [("token", {"i": one}), ("token", {"i": other})]).verdict is Verdict.CONFORMS
    assert ids(watched(stream, [("token", {"i": one}), ("token", {"i": one})])) == ["slice.s"]


def test_keys_that_cel_cannot_tell_apart_are_not_judged() -> None:
    monitor = watched(ids_in_order("[data.i]"), [("token", {"i": 2**64}), ("token", {"i": 2**64 + 1})])
    assert (ids(monitor), monitor.verdict) == ([], Verdict.INCONCLUSIVE)
    assert "beyond 64 bits" in monitor.unsettled[0].reason


def ids_in_order(by: str) -> Stream:
    """Each key comes once."""
    slice_ = {"id": "s", "by": by, "events": ["token"], "sequence": "token"}
    return stream_of({"sequence": "token*", "slices": [slice_]}, {"token": json_event("token", {"i": {}})})


def test_long_keys_are_followed_up_to_a_bound() -> None:
    long = [("token", {"i": f"{n}{'x' * 1_000_000}"}) for n in range(20)]
    monitor = watched(ids_in_order("data.i"), long)
    assert (ids(monitor), monitor.verdict) == ([], Verdict.INCONCLUSIVE)
    assert "16,777,216 bytes" in monitor.unsettled[0].reason
    assert watched(ids_in_order("data.i"), long[:10]).verdict is Verdict.CONFORMS


def test_symbols_that_cannot_be_told_are_one_fault_and_take_no_memory() -> None:
    slice_ = {"id": "s", "by": "'1'", "events": ["token"], "symbol": "{'x': 'p'}[data.i]", "sequence": "p*"}
    stream = stream_of({"sequence": "token*", "slices": [slice_]}, {"token": json_event("token", {"i": {}})})
    right = watched(stream, [("token", {"i": "x"})])
    assert right.verdict is Verdict.CONFORMS
    wrong = watched(stream, [("token", {"i": f"{n}{'y' * 10_000}"}) for n in range(100)])
    assert [finding.count for finding in wrong.findings] == [1, 99]  # at the start, and behind another of them
    assert all("no value of `" in finding.got for finding in wrong.findings)
    assert all(len(finding.message) < 1_000 for finding in wrong.findings)
