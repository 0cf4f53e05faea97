"""The failure event is made from the contract's schema, and is right by it."""

from typing import Any

import pytest
from documents import contract_of, document, json_event, text_event

from streamcontract import Event
from streamcontract.server.failure import Failure, FailureError, failure_of, places_without

TEXT = {"type": "string"}


def failure(error: dict[str, Any], sequence: str = "tick* error", hook: Any = None) -> Failure | None:
    tree = document(
        {"sequence": sequence, "outcome": {"failure": ["error"]}}, {"tick": text_event("tick"), "error": error}
    )
    contract = contract_of(tree)
    return failure_of(contract.stream("watch"), contract.document, hook)


def data_of(schema: dict[str, Any]) -> Any:
    content = {"type": "string", "contentMediaType": "application/json", "contentSchema": schema}
    made = failure(text_event("error", data=content))
    assert made is not None
    return made.make("went wrong").data


def test_plain_text_says_it() -> None:
    made = failure(text_event("error"))
    assert made is not None
    assert made.make("went wrong") == Event("error", "went wrong")


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"message": TEXT}, {"message": "went wrong"}),
        ({"type": {"const": "error"}, "message": TEXT}, {"type": "error", "message": "went wrong"}),
        ({"code": {"enum": ["INTERNAL", "X"]}, "message": TEXT}, {"code": "INTERNAL", "message": "went wrong"}),
        ({"n": {"type": "integer", "minimum": 3}}, {"n": 3}),
        ({"n": {"type": "number", "exclusiveMinimum": 3}}, {"n": 4}),
        ({"n": {"type": "integer", "maximum": -3}}, {"n": -3}),
        ({"on": {"type": "boolean"}, "no": {"type": "null"}}, {"on": False, "no": None}),
        ({"s": {"type": ["null", "string"]}}, {"s": "went wrong"}),
        ({"s": {"type": "string", "maxLength": 4}}, {"s": "went"}),
        ({"s": {"type": "string", "minLength": 12}}, {"s": "went wrong.."}),
        ({"l": {"type": "array", "items": TEXT, "minItems": 2}}, {"l": ["went wrong", "went wrong"]}),
        ({"l": {"type": "array"}}, {"l": []}),
        ({"in": {"type": "object", "required": ["s"], "properties": {"s": TEXT}}}, {"in": {"s": "went wrong"}}),
        ({"either": {"oneOf": [{"type": "integer"}, TEXT]}}, {"either": 0}),
        ({"at": {"type": "string", "format": "date", "examples": ["2026-01-01"]}}, {"at": "2026-01-01"}),
        ({"id": {"type": "string", "pattern": "^E[0-9]$", "example": "E1"}}, {"id": "E1"}),
        ({"n": {"type": "integer", "default": 7}}, {"n": 7}),
    ],
)
def test_members_by_their_schemas(properties: dict[str, Any], expected: Any) -> None:
    assert data_of({"type": "object", "required": list(properties), "properties": properties}) == expected


def test_what_is_not_required_is_left_out() -> None:
    assert data_of({"type": "object", "required": ["a"], "properties": {"a": TEXT, "b": TEXT}}) == {"a": "went wrong"}


def test_an_example_is_the_base_and_its_free_text_is_replaced() -> None:
    properties = {"stage": {"enum": ["one", "two"]}, "error": TEXT, "at": {"type": "string", "format": "date"}}
    schema = {"type": "object", "properties": properties, "example": {"stage": "two", "error": "?", "at": "2026-01-01"}}
    assert data_of(schema) == {"stage": "two", "error": "went wrong", "at": "2026-01-01"}


def test_references_and_all_of_are_followed() -> None:
    base = {"type": "object", "required": ["code"], "properties": {"code": {"const": 5}}}
    assert data_of({"allOf": [base, {"required": ["text"], "properties": {"text": TEXT}}]}) == {
        "code": 5,
        "text": "went wrong",
    }


def test_a_recursive_schema_ends() -> None:
    tree = document(
        {"sequence": "tick* error", "outcome": {"failure": ["error"]}},
        {
            "tick": text_event("tick"),
            "error": json_event(
                "error", {"next": {"anyOf": [{"type": "null"}, {"$ref": "#/components/schemas/Node"}]}}
            ),
            "Node": {
                "type": "object",
                "required": ["next"],
                "properties": {"next": {"$ref": "#/components/schemas/Node"}},
            },
        },
    )
    media = tree["paths"]["/watch"]["post"]["responses"]["200"]["content"]["text/event-stream"]
    media["itemSchema"]["oneOf"] = media["itemSchema"]["oneOf"][:2]
    contract = contract_of(tree)
    assert failure_of(contract.stream("watch"), contract.document, None) is not None


def test_a_contract_without_failure_has_no_failure_event() -> None:
    contract = contract_of(document({"sequence": "tick*"}, {"tick": text_event("tick")}))
    assert failure_of(contract.stream("watch"), contract.document, None) is None


@pytest.mark.parametrize(
    "error",
    [
        text_event("error", data={"type": "string", "pattern": "^E[0-9]+$"}),
        text_event("error", id={"type": "string"}) | {"required": ["event", "data", "id"]},
    ],
)
def test_what_cannot_be_made_is_told(error: dict[str, Any]) -> None:
    with pytest.raises(FailureError, match=r"^error: "):
        failure(error)


def test_a_hook_is_held_to_the_contract_too() -> None:
    assert failure(text_event("error"), hook=lambda message: Event("error", message.upper())) is not None
    with pytest.raises(FailureError, match="called tick"):
        failure(text_event("error"), hook=lambda message: Event("tick", message))
    with pytest.raises(FailureError, match="KeyError"):
        failure(text_event("error"), hook=lambda message: {}[message])


def test_the_places_where_it_may_not_come_are_known() -> None:
    error = text_event("error")
    for sequence, places in (("tick* error", []), ("tick tick error", ["start", "tick"])):
        tree = document(
            {"sequence": sequence, "outcome": {"failure": ["error"]}}, {"tick": text_event("tick"), "error": error}
        )
        contract = contract_of(tree)
        made = failure_of(contract.stream("watch"), contract.document, None)
        assert made is not None
        assert places_without(made, contract.stream("watch")) == places
