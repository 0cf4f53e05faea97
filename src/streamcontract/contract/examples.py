"""The examples of a contract are the first requests that are made of it, so they must fit their schemas."""

from collections.abc import Iterator
from typing import Any

from streamcontract.contract.document import Document
from streamcontract.contract.problems import Pointer
from streamcontract.contract.report import Report
from streamcontract.contract.schemas import SchemaError, Schemas

__all__ = ["check_examples"]


def check_examples(document: Document, report: Report) -> None:
    """Warn of example values of bodies and parameters that do not fit the schema beside them."""
    schemas = Schemas(document)
    for pointer, node in _holders(document.tree, ()):
        try:
            validator = schemas.at((*pointer, "schema"))
        except SchemaError:
            continue  # told where the schema stands
        for at, value in _examples(document, pointer, node):
            for error in validator.errors(value):
                where = f" at {error.value_at}" if error.value_at else ""
                message = f"the example does not fit its schema: {error.message}{where}"
                report.warning("example.invalid", at, message, "correct the example, or the schema")
                break


def _holders(node: Any, at: Pointer) -> Iterator[tuple[Pointer, dict[str, Any]]]:
    """Media types and parameters that have a schema and an example."""
    if isinstance(node, dict) and "schema" in node and ("example" in node or "examples" in node):
        yield at, node
    items = enumerate(node) if isinstance(node, list) else node.items() if isinstance(node, dict) else ()
    for key, value in items:
        if key not in ("schema", "itemSchema", "schemas", "example", "examples"):
            yield from _holders(value, (*at, key))


def _examples(document: Document, pointer: Pointer, node: dict[str, Any]) -> Iterator[tuple[Pointer, Any]]:
    if "example" in node:
        yield (*pointer, "example"), node["example"]
    given = node.get("examples")
    for name in given if isinstance(given, dict) else ():
        at, example = document.resolve((*pointer, "examples", name))
        for key in ("value", "dataValue"):
            if isinstance(example, dict) and key in example:
                yield (*at, key), example[key]
