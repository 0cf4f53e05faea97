"""A header's text as the value that its schema speaks of: the style `simple` of OpenAPI, or JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from streamcontract import Contract
from streamcontract.contract.problems import Pointer

__all__ = ["JSON_TEXT", "ValueShape", "shape_of"]

NUMBER = re.compile(r"[+-]?[0-9]{1,4000}(\.[0-9]+)?([eE][+-]?[0-9]{1,4})?")
CONSTANTS = {bool: "boolean", int: "integer", float: "number", type(None): "null", list: "array", dict: "object"}
COMBINED = ("allOf", "anyOf", "oneOf")
DEEPEST = 6
"""References and combinations that are followed: a schema may refer to itself."""


@dataclass(frozen=True, slots=True)
class ValueShape:
    """What kinds of values (JSON Schema types) a text may stand for; `members` and `items` for those with parts."""

    kinds: frozenset[str] = frozenset()
    items: frozenset[str] = frozenset()
    members: Mapping[str, frozenset[str]] = field(default_factory=dict)
    explode: bool = False

    def read(self, text: str) -> Any:
        """The text as a value of the first kind that it can be read as; the text where it is of none."""
        if "json" in self.kinds:
            return _scalar(text, self.kinds)
        if "object" in self.kinds and (read := self._object(text)) is not None:
            return read
        if "array" in self.kinds:
            return [_scalar(part, self.items) for part in _parts(text)]
        return _scalar(text, self.kinds)

    def _object(self, text: str) -> dict[str, Any] | None:
        """`R,100,G,200`, exploded `R=100,G=200`; None for what is neither."""
        parts = _parts(text)
        if self.explode:
            parts = [half for part in parts for half in part.split("=", 1)]
        if len(parts) % 2:
            return None
        pairs = zip(parts[::2], parts[1::2], strict=True)
        return {name: _scalar(value, self.members.get(name, frozenset())) for name, value in pairs}


JSON_TEXT = ValueShape(frozenset({"json"}))
"""A header that is described by `content` of a JSON media type."""


def _number(text: str) -> int | float:
    if not NUMBER.fullmatch(text):
        raise ValueError
    return int(text) if text.lstrip("+-").isdigit() else float(text)


READERS: tuple[tuple[str, Callable[[str], Any]], ...] = (
    ("integer", _number), ("number", _number), ("boolean", {"true": True, "false": False}.__getitem__),
    ("null", {"null": None}.__getitem__), ("json", json.loads),
)  # fmt: skip


def _scalar(text: str, kinds: frozenset[str]) -> Any:
    for kind, read in READERS:
        if kind in kinds:
            with suppress(ValueError, KeyError, RecursionError):
                return read(text)
    return text


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",")] if text.strip() else []


def shape_of(contract: Contract, pointer: Pointer, *, explode: bool) -> ValueShape:
    """What the schema at this place says about its values."""
    kinds, items, members = _kinds(contract, pointer), frozenset[str](), dict[str, frozenset[str]]()
    for at, schema in _schemas(contract, pointer):
        if "items" in schema:
            items |= _kinds(contract, (*at, "items"))
        for name in schema.get("properties", ()):
            members[name] = members.get(name, frozenset()) | _kinds(contract, (*at, "properties", name))
    return ValueShape(kinds, items, members, explode)


def _kinds(contract: Contract, pointer: Pointer) -> frozenset[str]:
    return frozenset(kind for _, schema in _schemas(contract, pointer) for kind in _types(schema))


def _schemas(contract: Contract, pointer: Pointer, depth: int = 0) -> Iterator[tuple[Pointer, Mapping[str, Any]]]:
    """The schema at this place, and those that it refers to or is combined of."""
    schema = contract.document.get(pointer)
    if not isinstance(schema, dict) or depth > DEEPEST:
        return
    yield pointer, schema
    if isinstance(reference := schema.get("$ref"), str):
        yield from _schemas(contract, contract.document.target(reference), depth + 1)
    for word in COMBINED:
        for number in range(len(schema.get(word, ()))):
            yield from _schemas(contract, (*pointer, word, number), depth + 1)


def _types(schema: Mapping[str, Any]) -> Iterator[str]:
    """The types that a schema names, or that its constants have."""
    named = schema.get("type", ())
    yield from [named] if isinstance(named, str) else named
    for constant in (*([schema["const"]] if "const" in schema else []), *schema.get("enum", ())):
        yield CONSTANTS.get(type(constant), "string")
