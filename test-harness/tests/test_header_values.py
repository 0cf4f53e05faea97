from pathlib import Path
from typing import Any

import pytest
from small_contracts import contract_of, ticker

from streamcontract_harness.documented import DocumentedHeader, documented

INTEGERS = {"type": "array", "items": {"type": "integer"}}
POINT = {"type": "object", "properties": {"x": {"type": "integer"}, "at": {"type": "string"}}, "required": ["x"]}


def header_of(folder: Path, schema: object, **keywords: Any) -> DocumentedHeader:
    tree = ticker()
    tree["components"] = {
        "schemas": {"Number": {"type": "number"}, "Self": {"anyOf": [{"$ref": "#/components/schemas/Self"}]}}
    }
    tree["paths"]["/ticks"]["get"]["responses"]["200"]["headers"] = {"X-It": {"schema": schema, **keywords}}
    response = documented(contract_of(tree, folder))["watch"].find(200)
    assert response is not None
    return response.headers[0]


@pytest.mark.parametrize(
    ("schema", "text", "value"),
    [
        (INTEGERS, "1, 2", [1, 2]),
        (INTEGERS, "7", [7]),
        (INTEGERS, "", []),
        ({"type": "array", "items": {"type": "boolean"}}, "true,false", [True, False]),
        ({"type": "array", "items": {"$ref": "#/components/schemas/Number"}}, "0.5, 1e3", [0.5, 1000.0]),
        ({"type": ["array", "null"], "items": {"type": ["integer", "string"]}}, "1,a", [1, "a"]),
        ({"allOf": [INTEGERS, {"maxItems": 2}]}, "1,2", [1, 2]),
        (POINT, "x,1,at,here", {"x": 1, "at": "here"}),
        ({"type": ["integer", "null"]}, "3", 3),
        ({"anyOf": [{"type": "integer", "minimum": 5}, {"type": "string"}]}, "3", "3"),
        ({"enum": [1, 2]}, "2", 2),
        ({"type": "integer"}, "2.0", 2.0),
        ({"minLength": 1}, "5", "5"),
    ],
)
def test_right_text_is_read_by_its_schema(tmp_path: Path, schema: object, text: str, value: object) -> None:
    header = header_of(tmp_path, schema)
    assert (header.read(text), type(header.read(text))) == (value, type(value))
    assert header.validator is not None
    assert header.validator.is_valid(value)


def test_exploded_object(tmp_path: Path) -> None:
    assert header_of(tmp_path, POINT, explode=True).read("x=1,at=a=b") == {"x": 1, "at": "a=b"}


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        (INTEGERS, "1, two"),
        (INTEGERS, "1,,2"),
        (POINT, "x,one"),
        (POINT, "x"),
        ({"type": "integer"}, "1_000"),
        ({"type": "integer"}, "٣"),
        ({"type": "integer"}, "9" * 5_000),
        ({"type": "number"}, "nan"),
        ({"type": "boolean"}, "True"),
    ],
)
def test_wrong_text_does_not_fit(tmp_path: Path, schema: object, text: str) -> None:
    header = header_of(tmp_path, schema)
    assert header.validator is not None
    assert not header.validator.is_valid(header.read(text))


def test_schema_that_leads_to_itself_is_read_in_bounded_time(tmp_path: Path) -> None:
    assert header_of(tmp_path, {"$ref": "#/components/schemas/Self"}).read("x") == "x"
