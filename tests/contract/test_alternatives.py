"""What `itemSchema` says: the events' names, and both dialects of `data` (sections 1 and 2)."""

from typing import Any

import pytest
from classifying import DELTA, DONE, JSON_TEXT, classifier, classify, kinds, of_item
from documents import text_event

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
