from pathlib import Path

import pytest
from small_contracts import contract_of, ticker

from streamcontract_harness.documented import Documented, documented


def of_responses(folder: Path, **responses: object) -> Documented:
    tree = ticker()
    tree["paths"]["/ticks"]["get"]["responses"].update({name.strip("_"): value for name, value in responses.items()})
    return documented(contract_of(tree, folder))["watch"]


def test_finds_the_exact_status_then_its_class_then_the_default(tmp_path: Path) -> None:
    described = {"description": "x"}
    found = of_responses(tmp_path, _404=described, _4XX=described, default=described)
    assert [found.find(status).status for status in (200, 404, 400, 500)] == ["200", "404", "4XX", "default"]  # type: ignore[union-attr]
    assert found.is_literal(404)
    assert not found.is_literal(400)


def test_undocumented_status(tmp_path: Path) -> None:
    assert of_responses(tmp_path).find(404) is None


SERVER_ERRORS = {  # status, of the contract by: is it a fault, is it "not now", is it an answer
    (500, ""): (True, False, False),
    (500, "_500"): (True, True, False),
    (500, "default"): (True, True, False),
    (502, ""): (True, False, False),
    (502, "_502"): (False, True, True),
    (502, "_5XX"): (False, True, False),
    (502, "default"): (False, True, False),
    (501, ""): (False, False, False),
    (503, ""): (False, False, False),
    (503, "_503"): (False, True, True),
    (429, ""): (False, False, False),
    (429, "_429"): (False, True, False),
    (400, "_400"): (False, False, False),
}


@pytest.mark.parametrize(("status", "written"), SERVER_ERRORS)
def test_which_server_error_is_a_fault(status: int, written: str, tmp_path: Path) -> None:
    found = of_responses(tmp_path, **({written: {"description": "x"}} if written else {}))
    said = found.is_fault(status), found.is_busy(status), found.is_answer(status)
    assert said == SERVER_ERRORS[status, written]


def test_which_answer_is_the_stream(tmp_path: Path) -> None:
    found = of_responses(tmp_path)
    assert found.is_stream(200, "text/event-stream")
    assert not found.is_stream(200, "application/json")
    assert not found.is_stream(404, "text/event-stream")
    assert found.expects_stream(200)


def test_media_types(tmp_path: Path) -> None:
    content = {"application/problem+json; charset=utf-8": {}, "image/*": {}}
    response = of_responses(tmp_path, _400={"description": "bad", "content": content}).find(400)
    assert response is not None
    assert [response.allows(kind) for kind in ("application/problem+json", "image/png", "text/plain", "")] == [
        True, True, False, False,
    ]  # fmt: skip


def test_headers_by_reference_and_by_type(tmp_path: Path) -> None:
    tree = ticker()
    tree["components"] = {"headers": {"Left": {"required": True, "schema": {"$ref": "#/components/schemas/Count"}}}}
    tree["components"]["schemas"] = {"Count": {"type": "integer", "minimum": 0}}
    tree["paths"]["/ticks"]["get"]["responses"]["200"]["headers"] = {
        "X-Left": {"$ref": "#/components/headers/Left"},
        "X-Meta": {"content": {"application/json": {"schema": {"type": "object"}}}},
        "X-Flag": {"schema": {"type": "boolean"}},
        "X-List": {"schema": {"type": "array", "items": {"type": "string"}}},
        "X-Ratio": {"schema": {"type": "number"}},
        "Content-Type": {"required": True, "schema": {"type": "integer"}},
    }
    response = documented(contract_of(tree, tmp_path))["watch"].find(200)
    assert response is not None
    named = {header.name: header for header in response.headers}
    assert "content-type" not in named
    assert named["x-left"].required
    texts = {"x-left": "3", "x-meta": '{"a": 1}', "x-flag": "true", "x-list": "a, b", "x-ratio": "0.5"}
    assert {name: named[name].read(text) for name, text in texts.items()} == {
        "x-left": 3, "x-meta": {"a": 1}, "x-flag": True, "x-list": ["a", "b"], "x-ratio": 0.5,
    }  # fmt: skip
    for name, text in texts.items():
        validator = named[name].validator
        assert validator is not None
        assert validator.is_valid(named[name].read(text))
        assert name == "x-list" or not validator.is_valid(named[name].read("[what"))
