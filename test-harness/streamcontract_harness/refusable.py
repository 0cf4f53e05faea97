"""Requests that a contract refuses: a good one, from which one thing is left out that it requires."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from streamcontract import Contract, Operation
from streamcontract.contract.problems import Pointer
from streamcontract.contract.schemas import SchemaError, Schemas, Validator
from streamcontract_harness.exchange import SentRequest
from streamcontract_harness.parameters import parameters_of

__all__ = ["refusable"]

JSON = "application/json"


def refusable(contract: Contract, operation: Operation, request: SentRequest) -> Iterator[tuple[str, SentRequest]]:
    """What is left out, in words, and the request without it; only what the contract's own schemas refuse."""
    yield from _without_parameters(contract, operation, request)
    yield from _without_body(contract, operation, request)


def _without_parameters(
    contract: Contract, operation: Operation, request: SentRequest
) -> Iterator[tuple[str, SentRequest]]:
    for parameter in parameters_of(contract, operation):
        name, place = str(parameter.get("name")), parameter.get("in")
        if parameter.get("required") is not True:
            continue
        if place == "query":
            url = urlsplit(request.url)
            pairs = parse_qsl(url.query, keep_blank_values=True)
            kept = [pair for pair in pairs if pair[0] != name]
            if len(kept) < len(pairs):
                shorter = urlunsplit(url._replace(query=urlencode(kept)))
                query = {key: value for key, value in request.view.query.items() if key != name}
                view = replace(request.view, url=shorter, query=query)
                yield f"the query parameter {name!r}", replace(request, url=shorter, view=view)
        elif place == "header" and request.header(name.lower()) is not None:
            yield f"the header {name!r}", request.without_header(name.lower())


def _without_body(contract: Contract, operation: Operation, request: SentRequest) -> Iterator[tuple[str, SentRequest]]:
    if request.body is None or "requestBody" not in operation.definition:
        return
    at, described = contract.document.resolve((*operation.pointer, "requestBody"))
    content = described.get("content") if isinstance(described, dict) else None
    media_type = (request.header("content-type") or "").partition(";")[0].strip().lower()
    value = request.view.body
    if isinstance(content, dict) and media_type == JSON in content and isinstance(value, dict):
        validator = _validator(contract, (*at, "content", JSON, "schema"))
        for name in value if validator is not None else ():
            rest = {key: item for key, item in value.items() if key != name}
            if validator is not None and not validator.is_valid(rest):
                view = replace(request.view, body=rest)
                yield f"the property {name!r}", replace(request, body=json.dumps(rest).encode(), view=view)
    if described.get("required") is True:
        yield "the body", replace(request, body=None, view=replace(request.view, body=None))


def _validator(contract: Contract, pointer: Pointer) -> Validator | None:
    try:
        contract.document.get(pointer)
        return Schemas(contract.document).at(pointer)
    except (SchemaError, KeyError):
        return None
