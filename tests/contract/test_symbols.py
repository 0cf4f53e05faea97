"""What an arriving event is called, and whether it is what that name promises (section 2)."""

from typing import Any

import pytest
from classifying import DELTA, DONE, JSON_TEXT, classifier, classify, kinds
from documents import json_event, text_event
from hypothesis import given
from hypothesis import strategies as st

# The fields as sent.


def test_no_event_type_counts_as_message_for_the_name() -> None:
    message = {"type": "object", "required": ["data"], "properties": {"event": {"const": "message"}, "data": JSON_TEXT}}
    of = classifier({"MessageEvent": message, "DoneEvent": DONE}, "message* done")
    assert classify(of, None).symbol == "message"
    assert classify(of, None).faults == ()
    assert classify(of, "message").faults == ()


def test_a_required_event_type_is_missed_all_the_same() -> None:
    of = classifier({"MessageEvent": text_event("message"), "DoneEvent": DONE}, "message* done")
    found = classify(of, None, "x")
    assert found.symbol == "message"
    assert kinds(found) == ["schema.event"]
    assert "event" in found.faults[0].message


def test_no_event_type_is_no_other_type() -> None:
    of = classifier({"DeltaEvent": DELTA, "DoneEvent": DONE}, "delta* done")
    assert classify(of, None, '{"text": "x"}').symbol is None


def test_id_and_retry_are_there_only_when_they_were_sent() -> None:
    event = text_event("tick", id={"type": "string", "pattern": "^[0-9]+$"}, retry={"type": "integer", "maximum": 5})
    of = classifier({"TickEvent": {**event, "required": ["event", "data", "id"]}}, "tick*")
    assert kinds(classify(of, "tick", "x")) == ["schema.event"]
    assert classify(of, "tick", "x", "1").faults == ()
    assert kinds(classify(of, "tick", "x", "x")) == ["schema.event"]
    assert kinds(classify(of, "tick", "x", "1", 9)) == ["schema.event"]
    assert classify(of, "tick", "x", "1", 5).faults == ()


def test_an_empty_id_was_sent() -> None:
    of = classifier({"TickEvent": {**text_event("tick"), "required": ["event", "data", "id"]}}, "tick*")
    assert classify(of, "tick", "x", "").faults == ()


# Several candidates.


CHUNK = {
    "type": "object",
    "required": ["data"],
    "properties": {"data": {**JSON_TEXT, "contentSchema": {"type": "object", "required": ["choices"]}}},
}
SENTINEL = {"type": "object", "x-symbol": "done", "properties": {"data": {"const": "[DONE]"}}}


def test_the_first_that_validates_is_the_symbol() -> None:
    of = classifier({"chunk": CHUNK, "Done": SENTINEL}, "chunk* done")
    assert classify(of, None, '{"choices": []}').symbol == "chunk"
    assert classify(of, None, '{"choices": []}').faults == ()
    assert classify(of, None, "[DONE]").symbol == "done"
    assert classify(of, None, "[DONE]").payload == "[DONE]"
    assert classify(of, None, "[DONE]").faults == ()


def typed(type_: str, **properties: Any) -> dict[str, Any]:
    """An alternative that only the payload's `type` tells from the others."""
    event = json_event("message", {"type": {"const": type_}, **properties})
    return {**event, "required": ["data"], "x-symbol": type_}


def test_the_nearest_alternative_is_the_one_whose_constants_match() -> None:
    of = classifier({"Start": typed("start", n="integer"), "Stop": typed("stop", n="integer")}, "start stop")
    assert classify(of, None, '{"type": "stop", "n": 1}').symbol == "stop"
    for type_ in ("start", "stop"):
        wrong = classify(of, None, f'{{"type": "{type_}", "n": "1"}}')
        assert wrong.symbol == type_
        assert kinds(wrong) == ["schema.payload"]
        assert "n" in wrong.faults[0].place or "n" in wrong.faults[0].message


def test_what_is_near_nothing_is_still_invalid_and_not_unknown() -> None:
    of = classifier({"Start": typed("start"), "Stop": typed("stop")}, "start stop")
    found = classify(of, None, '{"type": "other"}')
    assert found.symbol is None  # it may have been either
    assert found.faults


def test_what_looks_like_json_was_not_meant_as_the_sentinel() -> None:
    sentinel = {"type": "object", "x-symbol": "end", "properties": {"data": {"const": "[DONE]"}}}
    of = classifier({"Start": typed("start"), "End": sentinel}, "start end")
    assert classify(of, None, '{"type": "st').symbol == "start"
    assert kinds(classify(of, None, '{"type": "st')) == ["schema.not-json"]


def test_the_error_is_about_the_only_candidate() -> None:
    of = classifier({"DeltaEvent": DELTA, "DoneEvent": DONE}, "delta* done")
    found = classify(of, "delta", '{"txt": "x"}')
    assert kinds(found) == ["schema.payload"]
    assert "text" in found.faults[0].message
    assert "required" in found.faults[0].place


def test_what_no_alternative_speaks_of_is_unknown() -> None:
    of = classifier({"DeltaEvent": DELTA, "DoneEvent": DONE}, "delta* done")
    found = classify(of, "surprise", "x")
    assert (found.symbol, found.faults) == (None, ())


# Names inside the payload.


def test_names_in_the_payload_choose_the_alternative() -> None:
    start, stop = (
        json_event("", {"type": {"const": "start"}}),
        json_event("", {"type": {"const": "stop"}, "n": "integer"}),
    )
    for schema in (start, stop):
        del schema["properties"]["event"]
        schema["required"] = ["data"]
    of = classifier({"StartEvent": start, "StopEvent": stop}, "start stop", symbol="data.type")
    assert of.symbols == {"start", "stop"}
    assert classify(of, None, '{"type": "start"}').symbol == "start"
    wrong = classify(of, "whatever", '{"type": "stop", "n": "1"}')
    assert (wrong.symbol, kinds(wrong)) == ("stop", ["schema.payload"])
    assert classify(of, None, '{"type": "other"}').symbol is None, "no such alternative: unknown"


def test_x_symbol_goes_before_the_name_in_the_payload_schema() -> None:
    renamed = {**json_event("message", {"type": {"const": "start"}}), "required": ["data"], "x-symbol": "begin"}
    of = classifier(
        {"Start": renamed, "Stop": {**typed("stop"), "x-symbol": "end_of_it"}}, "begin end_of_it", symbol="data.type"
    )
    assert of.symbols == {"begin", "end_of_it"}
    assert classify(of, None, '{"type": "begin"}').symbol == "begin"
    assert classify(of, None, '{"type": "start"}').symbol is None


def test_an_enum_in_the_payload_gives_names_too() -> None:
    either = {**json_event("message", {"type": {"enum": ["up", "down"]}}), "required": ["data"]}
    of = classifier({"Move": either}, "(up | down)*", symbol="data.type")
    assert classify(of, None, '{"type": "down"}').symbol == "down"


@pytest.mark.parametrize("data", ["{}", "[]", "7", "null", '{"type": 7}', '{"type": null}', "no json", ""])
def test_a_payload_without_a_name_is_a_fault_and_not_unknown(data: str) -> None:
    """An unknown event is ignored, so to call these unknown would hide that the name is missing."""
    of = classifier({"Start": typed("start"), "Stop": typed("stop")}, "start stop", symbol="data.type")
    assert kinds(classify(of, None, data)) in (["schema.payload"], ["schema.not-json"])


def test_a_sentinel_has_no_name_in_its_payload() -> None:
    of = classifier({"Start": typed("start"), "Done": SENTINEL}, "start done", symbol="data.type")
    assert (classify(of, None, "[DONE]").symbol, classify(of, None, "[DONE]").faults) == ("done", ())
    assert classify(of, None, '{"type": "start"}').symbol == "start"


# Whatever comes.


@given(
    st.one_of(st.none(), st.sampled_from(["delta", "message", ""]), st.text(max_size=5)),
    st.one_of(st.sampled_from(["[DONE]", '{"type": "stop"}', '{"text": 1e999}', '"\\ud800"']), st.text(max_size=20)),
    st.one_of(st.none(), st.text(max_size=3)),
    st.one_of(st.none(), st.integers(0, 2**70)),
)
def test_any_event_is_classified(event: str | None, data: str, id_: str | None, retry: int | None) -> None:
    for of in ANY_EVENT:
        found = classify(of, event, data, id_, retry)
        assert found.symbol is None or found.symbol in of.symbols
        assert all(fault.message and fault.place is not None for fault in found.faults)


ANY_EVENT = (
    classifier({"DeltaEvent": DELTA, "chunk": CHUNK, "Done": SENTINEL}, "(delta | chunk)* done"),
    classifier({"Start": typed("start"), "Stop": typed("stop")}, "start stop", symbol="data.type"),
)


@pytest.mark.parametrize(
    "data", ['{"text": "\\ud83d"}', '{"text": "x", "n": 1e999}', f'{{"text": "x", "n": {"1" * 5_000}}}']
)
def test_what_the_grammar_of_json_has_is_no_fault(data: str) -> None:
    of = classifier({"DeltaEvent": DELTA, "DoneEvent": DONE}, "delta* done")
    assert kinds(classify(of, "delta", data)) == []


def test_a_message_about_half_of_a_surrogate_pair_can_be_written() -> None:
    of = classifier({"DeltaEvent": DELTA, "DoneEvent": DONE}, "delta* done")
    (fault,) = classify(of, "delta", '{"text": ["\\ud83d"]}').faults
    assert "ud83d" in fault.got.encode().decode()
    assert not fault.judged
