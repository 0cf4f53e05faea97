"""Parameters arrive in Python as what the contract says that they are, or the request is refused by name."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from served import Served, answering, handlers, openapi, serve, written

from streamcontract.server import create_app
from streamcontract.server.parameters import Shape, python_name


def parameter(name: str, where: str = "query", schema: Any = None, **more: Any) -> dict[str, Any]:
    return {"name": name, "in": where, "schema": schema or {"type": "string"}, **more}


def array(items: str) -> dict[str, Any]:
    return {"type": "array", "items": {"type": items}, "maxItems": 3}


PARAMETERS = [
    parameter("thing-id", "path", {"type": "integer", "minimum": 1}, required=True),
    parameter("id", schema={"type": "integer"}),
    parameter("flag", schema={"type": "boolean"}),
    parameter("ratio", schema={"type": "number", "exclusiveMinimum": 0}),
    parameter("either", schema={"anyOf": [{"type": "integer"}, {"enum": ["auto"]}]}),
    parameter("constant", schema={"const": 7}),
    parameter("maybe", schema={"type": ["integer", "null"]}),
    parameter("size", schema={"$ref": "#/components/schemas/Size"}),
    parameter("tags", schema=array("string")),
    parameter("ids", schema=array("integer"), explode=False),
    parameter("words", schema=array("string"), explode=False),
    parameter("pipes", schema=array("integer"), style="pipeDelimited", explode=False),
    parameter("filter", schema={"type": "object", "properties": {"n": {"type": "integer"}}}, style="deepObject"),
    {"name": "where", "in": "query", "content": {"application/json": {"schema": {"required": ["a"]}}}},
    parameter("X-Trace", "header", {"type": "integer"}),
    parameter("X-List", "header", array("integer")),
    parameter("session", "cookie", {"type": "string", "maxLength": 5}),
]
COMPONENTS = {"schemas": {"Size": {"enum": ["small", "large"], "default": "small"}}}


async def answer(**arguments: Any) -> dict[str, Any]:
    return arguments


@pytest.fixture(scope="module")
def things(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    tree = openapi({"/things/{thing-id}": {"get": answering(parameters=PARAMETERS)}}, components=COMPONENTS)
    path = written(tmp_path_factory.mktemp("things"), tree)
    with serve(create_app({path: handlers(answer=answer)})) as served:
        yield served


Sent = dict[str, str] | list[tuple[str, str]]
READ: list[tuple[str, Sent, dict[str, Any]]] = [
    ("/things/12", {}, {"thing_id": 12}),
    ("/things/1?id=5", {}, {"id_": 5}),
    ("/things/1?flag=true&ratio=0.5", {}, {"flag": True, "ratio": 0.5}),
    ("/things/1?ratio=2", {}, {"ratio": 2}),
    ("/things/1?ratio=1e2", {}, {"ratio": 100.0}),
    ("/things/1?either=5", {}, {"either": 5}),
    ("/things/1?either=auto", {}, {"either": "auto"}),
    ("/things/1?constant=7", {}, {"constant": 7}),
    ("/things/1?maybe=4", {}, {"maybe": 4}),
    ("/things/1?size=large", {}, {"size": "large"}),
    ("/things/1?tags=a,b&tags=c", {}, {"tags": ["a,b", "c"]}),
    ("/things/1?tags=x", {}, {"tags": ["x"]}),
    ("/things/1?ids=1,2,3", {}, {"ids": [1, 2, 3]}),
    ("/things/1?words=a%2Cb,c+d,%C3%BC", {}, {"words": ["a,b", "c d", "ü"]}),
    ("/things/1?words=a%2Cb", {}, {"words": ["a,b"]}),
    ("/things/1?words=x,y&words=z", {}, {"words": ["z"]}),
    ("/things/1?pipes=1%7C2", {}, {"pipes": [1, 2]}),
    ("/things/1?filter[n]=3&filter[t]=3", {}, {"filter_": {"n": 3, "t": "3"}}),
    ("/things/1?where=%7B%22a%22:%5B1%5D%7D", {}, {"where": {"a": [1]}}),
    ("/things/1", {"X-Trace": "9"}, {"x_trace": 9}),
    ("/things/1", {"X-List": "1, 2"}, {"x_list": [1, 2]}),
    ("/things/1", [("X-List", "1, 2"), ("x-list", "3")], {"x_list": [1, 2, 3]}),
    ("/things/1", [("X-Unknown", "1"), ("X-Unknown", "2")], {}),
    ("/things/1", {"Cookie": "session=abc; other=1"}, {"session": "abc"}),
    ("/things/1?unknown=1", {}, {}),
]


@pytest.mark.parametrize(("url", "headers", "expected"), READ)
def test_text_becomes_the_value_that_the_schema_names(
    things: Served, url: str, headers: Sent, expected: dict[str, Any]
) -> None:
    answer = things.client.get(url, headers=headers)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found == {"thing_id": found["thing_id"], "size": "small", **expected}


REFUSED = [
    ("/things/0", {}, "thing-id"),
    ("/things/abc", {}, "thing-id"),
    ("/things/" + "9" * 5000, {}, "thing-id"),
    ("/things/1?flag=True", {}, "flag"),
    ("/things/1?ratio=0", {}, "ratio"),
    ("/things/1?ratio=nan", {}, "ratio"),
    ("/things/1?ratio=1_0", {}, "ratio"),
    ("/things/1?ratio=1e999", {}, "ratio"),
    ("/things/1?either=none", {}, "either"),
    ("/things/1?constant=8", {}, "constant"),
    ("/things/1?maybe=null", {}, "maybe"),
    ("/things/1?size=medium", {}, "size"),
    ("/things/1?tags=1&tags=2&tags=3&tags=4", {}, "tags"),
    ("/things/1?ids=1,x", {}, "ids"),
    ("/things/1?where=%7B", {}, "where"),
    ("/things/1?where=%7B%7D", {}, "where"),
    ("/things/1?where=" + "%5B" * 9000, {}, "where"),
    ("/things/1", {"X-Trace": "x"}, "X-Trace"),
    ("/things/1", [("X-Trace", "9"), ("x-trace", "9")], "X-Trace"),
    ("/things/1", [("X-List", "1, 2"), ("X-List", "3, 4")], "X-List"),
    ("/things/1", {"Cookie": "session=abcdef"}, "session"),
]


@pytest.mark.parametrize(("url", "headers", "name"), REFUSED)
def test_a_wrong_value_is_refused_by_the_name_of_its_parameter(
    things: Served, url: str, headers: Sent, name: str
) -> None:
    answer = things.client.get(url, headers=headers)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert [error["parameter"] for error in answer.json()["errors"]] == [name]
    assert len(answer.content) < 2000


def test_a_header_that_was_sent_twice_is_refused_in_these_words(things: Served) -> None:
    answer = things.client.get("/things/1", headers=[("X-Trace", "9"), ("X-Trace", "10")])
    assert answer.json()["detail"] == "the header parameter X-Trace: it was sent more than once, and has one value"


def test_all_wrong_parameters_are_named_at_once(things: Served) -> None:
    answer = things.client.get("/things/0?flag=1&ratio=0")
    assert {error["parameter"] for error in answer.json()["errors"]} == {"thing-id", "flag", "ratio"}


def test_deep_nesting_in_the_query_is_no_fault_of_ours(things: Served) -> None:
    assert things.client.get("/things/1?filter" + "[a]" * 5000 + "=1").status_code == 400


def test_a_missing_parameter_is_named(tmp_path: Path) -> None:
    tree = openapi({"/a": {"get": answering(parameters=[parameter("p", required=True)])}})
    with serve(create_app({written(tmp_path, tree): handlers(answer=answer)})) as served:
        answered = served.client.get("/a")
        assert answered.status_code == 400
        assert answered.json()["errors"] == [{"parameter": "p", "in": "query", "detail": "it is required"}]


@given(st.integers(-(10**300), 10**300))
def test_every_integer_is_read_back(number: int) -> None:
    assert next(Shape(("integer",)).readings(str(number))) == number


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_is_read_back(number: float) -> None:
    assert next(Shape(("number",)).readings(json.dumps(number))) == number


@given(st.text())
def test_any_text_is_text(text: str) -> None:
    assert next(Shape().readings(text)) == text


@pytest.mark.parametrize(
    ("name", "python"),
    [
        ("chatId", "chat_id"),
        ("Last-Event-ID", "last_event_id"),
        ("id", "id_"),
        ("lambda", "lambda_"),
        ("symbol", "symbol"),
        ("a.b", "a_b"),
    ],
)
def test_names_in_python(name: str, python: str) -> None:
    assert python_name(name) == python
