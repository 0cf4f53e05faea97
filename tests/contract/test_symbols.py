"""What an event is called, and whether it is what that name promises (sections 1 and 2 of the contract language)."""

from typing import Any

import pytest
from documents import ANY_ORDER, json_event, stream_of, text_event
from hypothesis import given
from hypothesis import strategies as st

from streamcontract.contract.symbols import Classified, Classifier

JSON_TEXT = {"type": "string", "contentMediaType": "application/json"}


def classifier(schemas: dict[str, Any], sequence: str = ANY_ORDER, **x_stream: Any) -> Classifier:
    return stream_of({"sequence": sequence, **x_stream}, schemas).classifier


def of_item(item: dict[str, Any], sequence: str, schemas: dict[str, Any] | None = None, **x_stream: Any) -> Classifier:
    """The classifier of an `itemSchema` written out."""
    return stream_of({"sequence": sequence, **x_stream}, schemas or {}, itemSchema=item).classifier


def classify(
    of: Classifier, event: str | None, data: str = "{}", id_: str | None = None, retry: int | None = None
) -> Classified:
    return of.classify(event, data, id_, retry)


def kinds(classified: Classified) -> list[str]:
    return [fault.kind.value for fault in classified.faults]


DELTA = json_event("delta", {"text": "string"})
DONE = json_event("done")


# Naming.


def test_the_constant_event_type_is_the_name() -> None:
    of = classifier({"DeltaEvent": DELTA, "DoneEvent": DONE}, "delta* done")
    assert of.symbols == {"delta", "done"}
    found = classify(of, "delta", '{"text": "x"}')
    assert (found.symbol, found.payload, found.faults) == ("delta", {"text": "x"}, ())


def test_x_symbol_goes_before_the_constant() -> None:
    of = classifier({"DeltaEvent": {**DELTA, "x-symbol": "piece"}, "DoneEvent": DONE}, "piece* done")
    assert classify(of, "delta", '{"text": "x"}').symbol == "piece"
    assert classify(of, "piece", '{"text": "x"}').symbol is None, "the name is not the event type"


def test_the_component_is_the_last_resort() -> None:
    chunk = {"type": "object", "required": ["data"], "properties": {"data": JSON_TEXT}}
    of = classifier({"Chunk": chunk}, "Chunk*")
    assert of.symbols == {"Chunk"}
    assert classify(of, None).symbol == "Chunk"
    assert classify(of, "whatever").symbol == "Chunk", "what says nothing about the type matches any"


def test_an_enum_gives_a_symbol_for_each_type() -> None:
    level = text_event("", event={"enum": ["low", "high"]})
    of = classifier({"Level": level, "DoneEvent": DONE}, "(low | high)* done")
    assert of.symbols == {"low", "high", "done"}
    assert [classify(of, type_, "x").symbol for type_ in ("low", "high", "middle")] == ["low", "high", None]
    assert classify(of, "low", "x").faults == ()


@pytest.mark.parametrize("union", ["oneOf", "anyOf"])
def test_either_union_lists_the_alternatives(union: str) -> None:
    of = of_item({union: [text_event("a"), text_event("b")]}, "a b")
    assert of.symbols == {"a", "b"}


def test_a_single_schema_is_one_alternative() -> None:
    assert of_item(text_event("tick"), "tick*").symbols == {"tick"}
    of = of_item({"$ref": "#/components/schemas/Tick"}, "Tick*", {"Tick": {"properties": {"data": JSON_TEXT}}})
    assert of.symbols == {"Tick"}


def test_event_types_that_yaml_1_1_reads_as_booleans_are_strings() -> None:
    names = ("on", "off", "yes", "no")
    of = classifier({f"{name}Event": text_event(name) for name in names}, "on off yes no")
    assert of.symbols == set(names)


BASE_WITH_UNION = {
    "type": "object",
    "properties": {
        "event": {"type": "string"},
        "data": {"type": "string"},
        "id": {"type": "string"},
        "retry": {"type": "integer", "minimum": 0},
    },
    "required": ["event"],
    "oneOf": [
        {"properties": {"event": {"const": "addString"}}},
        {"properties": {"event": {"const": "addNumber"}, "data": {"pattern": "^[0-9]+$"}}},
        {
            "properties": {
                "event": {"const": "addJson"},
                "data": {
                    "contentMediaType": "application/json",
                    "contentSchema": {
                        "type": "object",
                        "required": ["foo"],
                        "properties": {"foo": {"type": "integer"}},
                    },
                },
            }
        },
    ],
}


def test_what_stands_beside_the_union_holds_for_all_alternatives() -> None:
    """The shape of OpenAPI 3.2's own example of an event stream."""
    of = of_item(BASE_WITH_UNION, "(addString | addNumber | addJson)*")
    assert of.symbols == {"addString", "addNumber", "addJson"}
    assert classify(of, "addString", "any text {").faults == ()
    assert classify(of, "addString", "any text {").payload == "any text {"
    assert classify(of, "addNumber", "12").payload == "12"
    assert kinds(classify(of, "addNumber", "x")) == ["schema.payload"]
    assert classify(of, "addJson", '{"foo": 1}').payload == {"foo": 1}
    assert kinds(classify(of, "addJson", '{"foo": "1"}')) == ["schema.payload"]
    assert kinds(classify(of, "addJson", "text")) == ["schema.not-json"]
    assert kinds(classify(of, "addString", "x", retry=-1)) == ["schema.event"], "retry stands beside the union"


def test_all_of_is_read_as_one_alternative() -> None:
    base = {"type": "object", "required": ["event", "id"], "properties": {"id": {"pattern": "^[0-9]+$"}}}
    event = {"allOf": [{"$ref": "#/components/schemas/Base"}, text_event("tick")]}
    of = of_item({"oneOf": [{"$ref": "#/components/schemas/TickEvent"}]}, "tick*", {"Base": base, "TickEvent": event})
    assert of.symbols == {"tick"}
    assert classify(of, "tick", "x", "7").faults == ()
    assert kinds(classify(of, "tick", "x", "seven")) == ["schema.event"]


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


# Both dialects.


@pytest.mark.parametrize(
    "data",
    [
        {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}},
        {"$ref": "#/components/schemas/Payload"},
        {"type": ["object", "null"], "required": ["n"], "properties": {"n": {"type": "integer"}}},
        {**JSON_TEXT, "contentSchema": {"$ref": "#/components/schemas/Payload"}},
        {
            "type": "string",
            "contentMediaType": "application/json; charset=utf-8",
            "contentSchema": {"$ref": "#/components/schemas/Payload"},
        },
        {"$ref": "#/components/schemas/Text", "contentSchema": {"$ref": "#/components/schemas/Payload"}},
    ],
    ids=["object", "reference", "several-types", "content", "parameter", "sibling"],
)  # fmt: skip
def test_json_in_data_is_read_in_both_dialects(data: dict[str, Any]) -> None:
    payload = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}
    of = of_item(
        {"oneOf": [{"$ref": "#/components/schemas/Tick"}]},
        "tick*",
        {"Tick": text_event("tick", data=data), "Payload": payload, "Text": JSON_TEXT},
    )
    assert classify(of, "tick", '{"n": 1}').payload == {"n": 1}
    assert classify(of, "tick", '{"n": 1}').faults == ()
    wrong = classify(of, "tick", '{"n": "1"}')
    assert kinds(wrong) == ["schema.payload"]
    assert "n" in wrong.faults[0].message
    assert wrong.symbol == "tick"
    assert kinds(classify(of, "tick", "{")) == ["schema.not-json"]


@pytest.mark.parametrize(("schema", "right", "payload", "wrong"), [
    ({"type": "integer"}, "7", 7, '"7"'),
    ({"type": "array", "items": {"type": "integer"}}, "[1]", [1], '["1"]'),
    ({"type": "boolean"}, "true", True, "1"),
    ({"type": "string", "pattern": "^x"}, "xy", "xy", None),
    ({"type": "string", "enum": ["7"]}, "7", "7", None),
    ({"const": "[DONE]"}, "[DONE]", "[DONE]", None),
])  # fmt: skip
def test_only_a_schema_that_is_not_of_a_string_parses_the_field(
    schema: dict[str, Any], right: str, payload: object, wrong: str | None
) -> None:
    of = classifier({"Tick": text_event("tick", data=schema)}, "tick*")
    found = classify(of, "tick", right)
    assert (found.payload, found.faults) == (payload, ())
    if wrong is not None:
        assert kinds(classify(of, "tick", wrong)) == ["schema.payload"]


@pytest.mark.parametrize(
    "text", ["NaN", "[Infinity]", "", "{'a': 1}", "{} {}", "[1,]", "\x00", "[" * 100_000, "01", '"\n"']
)
def test_what_is_no_json_is_said_to_be_none(text: str) -> None:
    of = classifier({"Tick": text_event("tick", data=JSON_TEXT)}, "tick*")
    found = classify(of, "tick", text)
    assert found.symbol == "tick"
    assert kinds(found) == ["schema.not-json"]
    assert len(found.faults[0].message) < 1_000


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
    assert found.symbol in {"start", "stop"}
    assert found.faults


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
    of_item(BASE_WITH_UNION, "(addString | addNumber | addJson)*"),
)
