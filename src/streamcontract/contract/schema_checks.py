"""The schemas of a document against JSON Schema 2020-12's own schema, and against misspelt keywords."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

import jsonschema_rs

from streamcontract.contract.document import Document
from streamcontract.contract.problems import Pointer
from streamcontract.contract.report import Report
from streamcontract.contract.schemas import SchemaError, Schemas
from streamcontract.contract.shape import find_mistakes
from streamcontract.contract.tree import walk

__all__ = ["check_compiles", "check_schemas", "schema_roots"]

DIALECT = {"$ref": "https://json-schema.org/draft/2020-12/schema"}

KEYWORDS = frozenset(
    [
        *["$anchor", "$comment", "$defs", "$dynamicAnchor", "$dynamicRef", "$id", "$ref", "$schema", "$vocabulary"],
        *["additionalProperties", "allOf", "anyOf", "const", "contains", "contentEncoding", "contentMediaType"],
        *["contentSchema", "default", "definitions", "dependencies", "dependentRequired", "dependentSchemas"],
        *["deprecated", "description", "discriminator", "else", "enum", "example", "examples", "exclusiveMaximum"],
        *["exclusiveMinimum", "externalDocs", "format", "if", "items", "maxContains", "maxItems", "maxLength"],
        *["maxProperties", "maximum", "minContains", "minItems", "minLength", "minProperties", "minimum"],
        *["multipleOf", "not", "nullable", "oneOf", "pattern", "patternProperties", "prefixItems", "properties"],
        *["propertyNames", "readOnly", "required", "then", "title", "type", "unevaluatedItems"],
        *["unevaluatedProperties", "uniqueItems", "writeOnly", "xml"],
    ]
)
"""Those of JSON Schema 2020-12, of older drafts, and of OpenAPI."""
MOST_AT_ONCE = 10_000
"""Schemas that one value is held to, each time that one is referred to counted: so many take tenths of a second."""
MOST_TRIED = 200
"""Schemas that are tried one by one for the wrong ones."""
_NO_SCHEMAS = frozenset({"discriminator", "externalDocs", "xml"})


def check_schemas(document: Document, report: Report) -> bool:
    """Report what is no schema, and warn of keywords that mean nothing but look like one that does.

    Returns whether values can be held to the schemas in bounded time.
    """
    validator = jsonschema_rs.Draft202012Validator(DIALECT, validate_formats=True)  # for `pattern`
    sizes: dict[int, int] = {}
    for pointer, schema in schema_roots(document):
        if document.version != (3, 0):  # OpenAPI's schema of 3.0 holds its schemas, too
            for mistake in find_mistakes(validator, DIALECT, schema):
                report.error(f"schema.{mistake.kind}", (*pointer, *mistake.pointer), mistake.message, mistake.remedy)
        for at, node in walk(schema, pointer):
            if not _NO_SCHEMAS.intersection(at[-1:]):
                _check_keywords(report, at, node)
                _check_size(document, report, at, sizes)
    return max(sizes.values(), default=0) <= MOST_AT_ONCE


def check_compiles(document: Document, report: Report) -> None:
    """Report what JSON Schema's own schema allows and still means nothing: a `$dynamicRef` to nowhere, say."""
    roots = dict(schema_roots(document))
    try:
        schemas = Schemas(document)
    except SchemaError:
        return  # told when the contract is built
    try:
        schemas.validator({"anyOf": [True, *(schemas.reference(pointer) for pointer in roots)]})
    except SchemaError:
        wrong = dict(_not_compiled(schemas, list(roots)[:MOST_TRIED]))
    else:
        return
    # A schema that refers to a wrong one cannot be used either; only the wrong one is told, if that can be known.
    guilty = [pointer for pointer in wrong if not (_targets(document, roots[pointer]) - {pointer}) & wrong.keys()]
    for pointer in guilty or list(wrong)[:1]:
        report.error("schema.invalid", pointer, f"the schema cannot be used: {wrong[pointer]}", "correct the schema")


def _not_compiled(schemas: Schemas, pointers: list[Pointer]) -> Iterator[tuple[Pointer, str]]:
    for pointer in pointers:
        try:
            schemas.at(pointer)
        except SchemaError as error:
            yield pointer, str(error)


def _targets(document: Document, schema: Any) -> set[Pointer]:
    return {document.target(node["$ref"]) for _, node in walk(schema) if isinstance(node.get("$ref"), str)}


def _check_size(document: Document, report: Report, start: Pointer, sizes: dict[int, int]) -> None:
    """Report a schema that is short to write and endless to check: two of the next, which has two of the next, ….

    `sizes` holds how many schemas each comes to, by its id(); one within itself counts once.
    """
    waiting = [(start, False)]
    while waiting:
        pointer, counted = waiting.pop()
        node = document.get(pointer)
        if not isinstance(node, dict) or (id(node) in sizes and not counted):
            continue
        parts = list(_in_place(document, pointer, node))
        if not counted:
            sizes[id(node)] = 1
            waiting += [(pointer, True), *((part, False) for part in parts)]
            continue
        below = [sizes.get(id(document.get(part)), 1) for part in parts]
        sizes[id(node)] = 1 + sum(below)
        if sizes[id(node)] > MOST_AT_ONCE >= max(below):
            message = f"each value here is held to more than {MOST_AT_ONCE:,} schemas, one within the other"
            report.error(
                "schema.too-large", pointer, message, "refer to each schema once, or tell the cases apart by `if`"
            )


def _in_place(document: Document, pointer: Pointer, node: dict[str, Any]) -> Iterator[Pointer]:
    """The schemas that a value is held to besides, and not something inside of it."""
    if isinstance(node.get("$ref"), str):
        yield document.target(node["$ref"])
    for key in ("allOf", "anyOf", "oneOf", "dependentSchemas"):
        parts = node.get(key)
        if isinstance(parts, list | dict):
            yield from ((*pointer, key, part) for part in (parts if isinstance(parts, dict) else range(len(parts))))
    yield from ((*pointer, key) for key in ("not", "if", "then", "else") if key in node)


def schema_roots(document: Document) -> Iterator[tuple[Pointer, Any]]:
    """The outermost schemas of a document, and those in other files that these refer to; each once."""
    inside: set[int] = set()
    waiting = [
        pointer
        for pointer, node in walk(document.tree)
        for pointer in ((*pointer, key) for key in ("schema", "itemSchema") if key in node)
    ]
    components = document.tree.get("components")
    named = components.get("schemas") if isinstance(components, dict) else None
    waiting += [("components", "schemas", name) for name in named] if isinstance(named, dict) else []
    for pointer in waiting:
        schema = document.get(pointer)
        if not isinstance(schema, dict) or id(schema) in inside:
            continue
        for _, node in walk(schema):
            inside.add(id(node))
            if isinstance(node.get("$ref"), str):
                waiting.append(document.target(node["$ref"]))
        yield pointer, schema


def _check_keywords(report: Report, at: Pointer, node: dict[str, Any]) -> None:
    for key in node.keys() - KEYWORDS:
        near = get_close_matches(key, KEYWORDS, n=1, cutoff=0.8)
        if near and not key.startswith("x-"):
            remedy = f"did you mean `{near[0]}`?"
            report.warning("schema.unknown-keyword", (*at, key), f"the keyword {key!r} means nothing", remedy)
