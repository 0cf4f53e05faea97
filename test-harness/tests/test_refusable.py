"""Requests that the contract refuses, made from one that it takes."""

import json
from pathlib import Path
from typing import Any

from small_contracts import contract_of, ticker

from streamcontract import Request
from streamcontract_harness.exchange import SentRequest
from streamcontract_harness.refusable import refusable

URL = "http://server/ticks?room=red&most=2"


def left_out(folder: Path, request: SentRequest, **operation: Any) -> dict[str, SentRequest]:
    contract = contract_of(ticker(**operation), folder)
    return dict(refusable(contract, contract.operations["watch"], request))


def test_required_parameters_are_left_out_and_others_are_not(tmp_path: Path) -> None:
    text = {"type": "string"}
    parameters = [
        {"name": "room", "in": "query", "required": True, "schema": text},
        {"name": "most", "in": "query", "schema": text},
        {"name": "X-Key", "in": "header", "required": True, "schema": text},
    ]
    view = Request("GET", URL, query={"room": "red", "most": "2"}, headers={"x-key": "k"})
    request = SentRequest("watch", "GET", URL, (("X-Key", "k"),), None, view)
    found = left_out(tmp_path, request, parameters=parameters)
    assert list(found) == ["the query parameter 'room'", "the header 'X-Key'"]
    without_room, without_key = found.values()
    assert (without_room.url, without_room.view.query) == ("http://server/ticks?most=2", {"most": "2"})
    assert (without_key.headers, without_key.view.headers) == ((), {})


def test_only_properties_are_left_out_that_the_schema_cannot_do_without(tmp_path: Path) -> None:
    schema = {
        "type": "object",
        "required": ["id"],
        "anyOf": [{"required": ["text"]}, {"required": ["url"]}],
        "properties": {"id": {"type": "integer"}, "text": {"type": "string"}},
    }
    body = {"id": 1, "text": "x", "url": "y", "note": "z"}
    given = {"required": True, "content": {"application/json": {"schema": schema}}}
    headers = (("Content-Type", "application/json"),)
    view = Request("GET", URL, headers={"content-type": "application/json"}, body=body)
    request = SentRequest("watch", "GET", URL, headers, json.dumps(body).encode(), view)
    found = left_out(tmp_path, request, requestBody=given)
    assert list(found) == ["the property 'id'", "the body"]  # either of text and url will do
    assert json.loads(found["the property 'id'"].body or b"") == {"text": "x", "url": "y", "note": "z"}
    assert found["the body"].body is None
