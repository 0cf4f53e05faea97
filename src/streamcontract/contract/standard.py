"""The standard part of a document: what OpenAPI itself asks for, by openapi-spec-validator.

Its schema of each version says what shape a document has; its keyword validators what a schema cannot say (the same
operationId twice, path parameters that nobody declares). The latter's errors come without a place; it is added here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs

from streamcontract.contract.document import Document
from streamcontract.contract.problems import Pointer
from streamcontract.contract.report import Report
from streamcontract.contract.shape import find_mistakes

__all__ = ["check_standard"]

PLACE = re.compile(r"for '(?P<method>\w+)'.* in '(?P<path>/[^']*)'", re.DOTALL)
SCHEMA_PLACES = frozenset({"schema", "itemSchema"})
DATA_PLACES = frozenset({"example", "examples", "default", "const", "enum", "value", "dataValue"})
"""Below these stand values, in which nothing is a schema."""

NEWER = frozenset({"const", "contentEncoding", "contentMediaType", "contentSchema"})
"""Keywords of JSON Schema that OpenAPI 3.0 does not have. An event cannot be described without, so they are read."""

DIALECT = {"$ref": "https://json-schema.org/draft/2020-12/schema"}


def check_standard(document: Document, report: Report) -> None:
    """Report what breaks OpenAPI's own rules."""
    if _check_shape(document, report):
        _check_keywords(document, report)
    if document.version != (3, 0):  # the schema of 3.0 holds its Schema Objects, too
        _check_schemas(document, report)


def _check_shape(document: Document, report: Report) -> bool:
    from openapi_spec_validator import schemas  # noqa: PLC0415 - a quarter of a second, which only lint needs to take

    schema = dict({(3, 0): schemas.schema_v30, (3, 1): schemas.schema_v31}.get(document.version, schemas.schema_v32))
    validator = jsonschema_rs.validator_for(schema)
    mistakes = find_mistakes(validator, schema, _without_external(document.tree))
    for mistake in mistakes:
        newer = document.version == (3, 0) and mistake.pointer[-1:] and mistake.pointer[-1] in NEWER
        add = report.warning if newer else report.error
        remedy = f"write openapi: 3.2.0, which has it; {mistake.remedy}" if newer else mistake.remedy
        add(f"openapi.{mistake.kind}", mistake.pointer, mistake.message, remedy)
    return not mistakes


def _check_keywords(document: Document, report: Report) -> None:
    """Only what has no place in the shape, nor in a schema: those are told above and below, with better words."""
    import openapi_spec_validator as validators  # noqa: PLC0415
    from openapi_spec_validator.validation import exceptions  # noqa: PLC0415

    told = (
        exceptions.DuplicateOperationIDError,
        exceptions.UnresolvableParameterError,
        exceptions.ParameterDuplicateError,
    )
    classes = {(3, 0): validators.OpenAPIV30SpecValidator, (3, 1): validators.OpenAPIV31SpecValidator}
    make = classes.get(document.version, validators.OpenAPIV32SpecValidator)
    for error in make(document.tree).iter_errors():
        if isinstance(error, told):
            at = PLACE.search(error.message)
            pointer: Pointer = ("paths", at["path"], at["method"]) if at else ()
            remedy = {told[0]: "give each operation an operationId of its own", told[2]: "remove one of them"}
            text = remedy.get(type(error), "declare it in `parameters` with `in: path` and `required: true`")
            report.error(f"openapi.{_kind(type(error).__name__)}", pointer, error.message.split("\n")[0], text)


def _check_schemas(document: Document, report: Report) -> None:
    validator = jsonschema_rs.Draft202012Validator(DIALECT)
    for pointer, schema in _schemas(document.tree, ()):
        for mistake in find_mistakes(validator, DIALECT, schema):
            report.error(f"schema.{mistake.kind}", (*pointer, *mistake.pointer), mistake.message, mistake.remedy)


def _schemas(node: Any, at: Pointer) -> Iterator[tuple[Pointer, Any]]:
    """The outermost schemas of a document; a bundled file is looked at where it is referred to from."""
    items = enumerate(node) if isinstance(node, list) else node.items() if isinstance(node, dict) else ()
    for key, value in items:
        here = (*at, key)
        if (key in SCHEMA_PLACES and isinstance(node, dict)) or here[:-1] == ("components", "schemas"):
            yield here, value
        elif key not in DATA_PLACES:
            yield from _schemas(value, here)


def _without_external(tree: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in tree.items() if not key.startswith("x-")}


def _kind(name: str) -> str:
    """`DuplicateOperationIDError` → `duplicate-operation-id`."""
    words = re.findall(r"ID|[A-Z][a-z]+", name.removesuffix("Error"))
    return "-".join(word.lower() for word in words)
