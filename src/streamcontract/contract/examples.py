"""The examples of a contract are the first requests that are made of it, so they must fit their schemas."""

from collections.abc import Iterator
from typing import Any

from streamcontract.contract.build import is_sequential
from streamcontract.contract.document import Document
from streamcontract.contract.problems import Pointer
from streamcontract.contract.report import Report
from streamcontract.contract.schema_checks import schema_roots
from streamcontract.contract.schemas import SchemaError, Schemas
from streamcontract.contract.tree import walk

__all__ = ["check_examples"]


def check_examples(document: Document, report: Report) -> None:
    """Warn of example and default values of bodies, parameters and schemas that do not fit the schema beside them."""
    try:
        schemas = Schemas(document)
    except SchemaError:
        return  # told when the contract is built
    checked: set[Pointer] = set()
    for schema, at, value in [*_beside_schemas(document), *_in_schemas(document)]:
        if at in checked:
            continue
        checked.add(at)
        try:
            error = next(schemas.at(schema).errors(value), None)
        except SchemaError:
            continue  # told where the schema stands
        if error is not None:
            where = f" at {error.value_at}" if error.value_at else ""
            message = f"`{_kind(at)}` does not fit its schema{where}: {error.message}"
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
