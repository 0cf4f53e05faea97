"""The examples of a contract are the first requests that are made of it, so they must fit their schemas."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from streamcontract.contract.build import is_sequential
from streamcontract.contract.document import Document
from streamcontract.contract.problems import Pointer
from streamcontract.contract.report import Report
from streamcontract.contract.schema_checks import schema_roots
from streamcontract.contract.schemas import Invalid, SchemaError, Schemas, pointer_text
from streamcontract.contract.tree import walk

__all__ = ["check_examples"]

MOST_TRIED = 200
"""Values that are tried one by one when one of the schemas is none."""


def check_examples(document: Document, report: Report) -> None:
    """Warn of example and default values of bodies, parameters and schemas that do not fit the schema beside them."""
    try:
        schemas = Schemas(document)
    except SchemaError:
        return  # told when the contract is built
    found = {at: (schema, value) for schema, at, value in (*_beside_schemas(document), *_in_schemas(document))}
    try:
        _check(schemas, report, found)
    except SchemaError:
        for at in list(found)[:MOST_TRIED]:
            with suppress(SchemaError):  # told where the schema stands
                _check(schemas, report, {at: found[at]})


def _check(schemas: Schemas, report: Report, found: Mapping[Pointer, tuple[Pointer, Any]]) -> None:
    """Hold values to their schemas, all in one: what many refer to would else be compiled again for each."""
    properties = {str(number): schemas.reference(schema) for number, (schema, _) in enumerate(found.values())}
    validator = schemas.validator({"properties": properties})
    values = {str(number): value for number, (_, value) in enumerate(found.values())}
    places = list(found)
    wrong: set[Pointer] = set()
    for error in validator.compiled.iter_errors(values):
        number, *inside = error.instance_path
        at = places[int(number)]
        if at not in wrong:
            wrong.add(at)
            where = f" at {pointer_text(inside)}" if inside else ""
            message = f"`{_kind(at)}` does not fit its schema{where}: {Invalid.of(error, values).message}"
            report.warning("example.invalid", at, message, "correct the value, or the schema")


def _kind(at: Pointer) -> str:
    return next(str(token) for token in reversed(at) if token in ("example", "examples", "default"))


def _beside_schemas(document: Document) -> Iterator[tuple[Pointer, Pointer, Any]]:
    """The schema, the place and the value of each example of media types, parameters and headers."""
    for pointer, node in walk(document.tree):
        if "schema" not in node or _is_text(pointer):
            continue
        schema = (*pointer, "schema")
        if "example" in node:
            yield schema, (*pointer, "example"), node["example"]
        named = node.get("examples")
        for name in named if isinstance(named, dict) else ():
            at, example = document.resolve((*pointer, "examples", name))
            for key in ("value", "dataValue"):
                if isinstance(example, dict) and key in example:
                    yield schema, (*at, key) if "examples" in at else (*pointer, "examples", name), example[key]


def _is_text(pointer: Pointer) -> bool:
    """Whether this is a media type whose examples are not the data that the schema describes, but a text of it."""
    if pointer[-2:-1] != ("content",):
        return False
    media_type = str(pointer[-1]).lower()
    return is_sequential(media_type) or not ("json" in media_type or "form" in media_type)


def _in_schemas(document: Document) -> Iterator[tuple[Pointer, Pointer, Any]]:
    for pointer, root in schema_roots(document):
        for at, node in walk(root, pointer):
            for key in ("default", "example"):
                if key in node:
                    yield at, (*at, key), node[key]
            examples = node.get("examples")
            for index, value in enumerate(examples if isinstance(examples, list) else ()):
                yield at, (*at, "examples", index), value
