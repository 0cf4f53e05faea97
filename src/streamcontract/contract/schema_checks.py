"""The schemas of a document against JSON Schema 2020-12's own schema, and against misspelt keywords."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

import jsonschema_rs

from streamcontract.contract.document import Document
from streamcontract.contract.problems import Pointer
from streamcontract.contract.report import Report
from streamcontract.contract.shape import find_mistakes
from streamcontract.contract.tree import walk

__all__ = ["check_schemas", "schema_roots"]

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
_NO_SCHEMAS = frozenset({"discriminator", "externalDocs", "xml"})


def check_schemas(document: Document, report: Report) -> None:
    """Report what is no schema, and warn of keywords that mean nothing but look like one that does."""
    validator = jsonschema_rs.Draft202012Validator(DIALECT)
    for pointer, schema in schema_roots(document):
        if document.version != (3, 0):  # OpenAPI's schema of 3.0 holds its schemas, too
            for mistake in find_mistakes(validator, DIALECT, schema):
                report.error(f"schema.{mistake.kind}", (*pointer, *mistake.pointer), mistake.message, mistake.remedy)
        for at, node in walk(schema, pointer):
            if at[-1] not in _NO_SCHEMAS:
                _check_keywords(report, at, node)


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
