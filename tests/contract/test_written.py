"""A value as a message shows it, and what a schema's keyword demands."""

import json
import math
from decimal import Decimal
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streamcontract.contract.demands import DEMANDS, demand
from streamcontract.contract.schemas import MASK, Validator
from streamcontract.contract.written import beginning, listing, names_of, path_of, shorten, written

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON)
def test_a_value_is_shown_as_json_or_as_how_it_begins(value: Any) -> None:
    shown = written(value, 40)
    whole = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    assert len(shown) <= 44
    shown.encode()
    if len(whole) <= 20 and whole.isascii():
        assert json.loads(shown) == value


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("x" * 200, f'"{"x" * 79}…'),
        ("token=" + "s" * 200, f'"token={"s" * 73}…'),
        ({"password": "x" * 200}, f'{{"password":"{"x" * 67}…'),
        ([1] * 1_000, f"[{'1,' * 39}1…"),
        ("half \ud800", r'"half \ud800"'),
        (["é\ud83d\n"], r'["é\ud83d\n"]'),
        ([Decimal("1e999"), math.inf, -math.inf], "[1E+999,Infinity,-Infinity]"),
        (math.nan, "NaN"),
        ({"\ud800": 1}, '{"\\\\ud800":1}'),
    ],
)
def test_what_is_long_is_cut_and_what_cannot_be_written_is_escaped(value: Any, shown: str) -> None:
    assert written(value) == shown


def test_what_is_nested_without_end_is_not_shown() -> None:
    value: list[Any] = []
    for _ in range(100_000):
        value = [value]
    assert written(value) == "a value that is nested too deeply to be shown"


def test_names_places_and_lists_are_short() -> None:
    assert path_of("data", ["items", 3, "odd key", "text"]) == 'data.items[3]["odd key"].text'
    assert len(path_of("data", ["x" * 1_000] * 10)) <= 201
    assert names_of({"id": 1, "password": "p"}) == '{"id": …, "password": …}'
    assert names_of({str(n): n for n in range(100)}).endswith('"11": …, …}')
    assert listing(["a", "b", "c"]) == "a, b or c"
    assert (beginning("abcdef", 3), shorten("abcdefghi", 6)) == ("abc…", "abc … hi")


@pytest.mark.parametrize(
    ("schema", "value", "expected", "got"),
    [
        ({"type": "integer"}, "x", "type: integer", '"x"'),
        ({"type": ["integer", "null"]}, "x", "type: integer or null", '"x"'),
        ({"enum": ["a", "b"]}, "x", 'one of "a" or "b"', '"x"'),
        ({"const": {"a": 1}}, 2, 'exactly {"a":1}', "2"),
        ({"required": ["id"]}, {"n": 1}, 'required: "id"', '{"n": …}'),
        ({"dependentRequired": {"a": ["b"]}}, {"a": 1}, 'required: "b"', '{"a": …}'),
        ({"properties": {"a": {}}, "additionalProperties": False}, {"a": 1, "b": 2}, 'no member "b"', '{"b":2}'),
        ({"additionalProperties": False}, {"token": "x"}, "no members", '{"token": …}'),
        ({"properties": {"additionalProperties": False}}, {"additionalProperties": 1}, "no value here", "1"),
        ({"unevaluatedProperties": False}, {"b": 2}, 'no member "b"', '{"b":2}'),
        ({"properties": {"a": False}}, {"a": 1}, "no value here", "1"),
        ({"prefixItems": [{}], "unevaluatedItems": False}, [1, 2], "no more items", "[1,2]"),
        ({"pattern": "^a"}, "x", "pattern: ^a", '"x"'),
        ({"format": "email"}, "x", "format: email", '"x"'),
        ({"minLength": 3}, "x", "at least 3 characters", '"x"'),
        ({"maxLength": 1}, "xx", "at most 1 character", '"xx"'),
        ({"minimum": 3}, 1, "at least 3", "1"),
        ({"maximum": 0.5}, 1, "at most 0.5", "1"),
        ({"exclusiveMinimum": 1}, 1, "more than 1", "1"),
        ({"exclusiveMaximum": 1}, 1, "less than 1", "1"),
        ({"multipleOf": 3}, 1, "a multiple of 3", "1"),
        ({"minItems": 1}, [], "at least 1 item", "[]"),
        ({"maxItems": 1}, [1, 2], "at most 1 item", "[1,2]"),
        ({"minProperties": 1}, {}, "at least 1 member", "{}"),
        ({"maxProperties": 0}, {"a": 1}, "at most 0 members", '{"a":1}'),
        ({"uniqueItems": True}, [1, 1], "no two equal items", "[1,1]"),
        ({"contains": {"type": "null"}}, [1], "an item that fits `contains`", "[1]"),
        (
            {"contains": {"type": "integer"}, "maxContains": 1},
            [1, 2],
            "no more items that fit `contains` than `maxContains` allows",
            "[1,2]",
        ),
        (
            {"contains": {"type": "integer"}, "minContains": 2},
            [1],
            "as many items that fit `contains` as `minContains` wants",
            "[1]",
        ),
        ({"required": ["b", "c"]}, {"n": 1}, 'required: "b", "c"', '{"n": …}'),
        ({"propertyNames": {"pattern": "^a"}}, {"b": 1}, "names with pattern: ^a", '{"b":1}'),
        ({"not": {"type": "string"}}, "x", 'not: {"type":"string"}', '"x"'),
        (
            {"oneOf": [{"type": "integer"}, {"anyOf": [{"type": "null"}, {"type": "array"}]}]},
            "x",
            "exactly one of 2 alternatives: type: integer | anyOf",
            '"x"',
        ),
        ({"oneOf": [{}, {"type": "string"}]}, "x", "exactly one of 2 alternatives", '"x"'),
        (
            {"anyOf": [{"const": n} for n in range(6)]},
            9,
            "at least one of 6 alternatives: exactly 0 | exactly 1 | exactly 2 | exactly 3, or one of 2 more",
            "9",
        ),
    ],
)
def test_keyword_s_demand_is_told_in_plain_words(schema: dict[str, Any], value: Any, expected: str, got: str) -> None:
    validator = Validator(jsonschema_rs.Draft202012Validator(schema, validate_formats=True, mask=MASK))
    (error,) = validator.errors(value)
    assert (error.expected, error.got) == (expected, got)
    assert MASK not in error.message + error.said_of("data")
    assert "data" in error.said_of("data")
    assert "None of" not in error.said_of("data") or schema == {"contains": {"type": "null"}}


@given(st.sampled_from([*DEMANDS, "pattern", "another"]), JSON)
@example("anyOf", [[None]])
def test_every_demand_has_words_whatever_the_keyword_s_value(keyword: str, value: Any) -> None:
    assert 0 < len(demand(keyword, value)) <= 301
