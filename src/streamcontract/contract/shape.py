"""Is a part of the document of the right shape? JSON Schema's errors, each as one line that a person can act on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import jsonschema_rs

from streamcontract.contract.problems import Pointer
from streamcontract.contract.tree import step, tokens_of

__all__ = ["Mistake", "find_mistakes"]

_Error = Any
"""A jsonschema_rs.ValidationError; the stubs do not tell its kinds apart."""

_TYPES = {
    "object": "a mapping",
    "array": "a list",
    "string": "a string",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}
_KEYS_MEANT = {
    "paths": "a path starts with '/'",
    "responses": "a status code in quotes such as '200', or '2XX', or default",
}
"""What the keys of a mapping must be, where they have a pattern; by the last name of the schema's own place."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One place where a value breaks its schema; `kind` is the last part of the problem's id."""

    pointer: Pointer
    kind: str
    message: str
    remedy: str
    meant: tuple[str, ...] = ()
    """The key that was probably meant, where one is unknown; the keys of which one is missing."""


def find_mistakes(validator: jsonschema_rs.Validator, schema: Any, value: Any) -> list[Mistake]:
    """What is wrong with a value, without the echoes of a mistake in the schemas around it.

    `schema` is the one that the validator was made from, or that it refers to: the known keys are read from it.
    """
    found = [mistake for error in validator.iter_errors(value) for mistake in _translate(error, schema)]
    misspelt = {(one.pointer[:-1], key) for one in found if one.kind == "unknown-key" for key in one.meant}
    empty = {one.pointer for one in found if one.kind == "empty"}
    return [
        one
        for one in dict.fromkeys(found)
        if not any((one.pointer, key) in misspelt for key in one.meant)
        and not (one.kind == "missing-key" and one.pointer in empty)
    ]


def _translate(error: _Error, schema: Any) -> Iterator[Mistake]:
    at = tuple(error.instance_path)
    kind = error.kind.name
    if kind in ("additionalProperties", "unevaluatedProperties"):
        yield from _unknown_keys(error, at, schema)
    elif kind in ("oneOf", "anyOf"):
        yield from _alternatives(error, at, schema)
    else:
        yield _KINDS.get(kind, _other)(error, at)


def _unknown_keys(error: _Error, at: Pointer, schema: Any) -> Iterator[Mistake]:
    place = list(error.schema_path)[:-1]
    there = set(error.instance or ())
    every = _known_keys(schema, schema, place, depth=0)
    known = sorted(every - there)
    for key in error.kind.unexpected:
        near = get_close_matches(key, known, n=1)
        if place and place[-1] in _KEYS_MEANT:
            remedy, near = _KEYS_MEANT[str(place[-1])], known
        elif near:
            remedy = f"did you mean `{near[0]}`?"
        elif twice := get_close_matches(key, sorted(every & there), n=1):
            remedy = f"did you mean `{twice[0]}`? That stands here already: keep one of the two"
        else:
            remedy = f"remove it; what can be added here: {', '.join(known) or 'nothing'}"
        message = f"unknown key {_shown(key)}"
        yield Mistake((*at, key), "unknown-key", message, remedy, meant=tuple(near))


def _known_keys(schema: Any, whole: Any, place: Iterable[str | int], depth: int) -> set[str]:
    """The keys that a schema names, with those of the schemas that it builds on."""
    try:
        for token in place:
            schema = step(schema, token)
    except KeyError:
        return set()
    if not isinstance(schema, dict) or depth > 5:
        return set()
    keys = set(schema.get("properties", ()))
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference.startswith("#/"):
        keys |= _known_keys(whole, whole, tokens_of(reference[1:]), depth + 1)
    for part in (*schema.get("allOf", ()), schema.get("then"), schema.get("else")):
        keys |= _known_keys(part, whole, (), depth + 1)
    return keys


def _alternatives(error: _Error, at: Pointer, schema: Any) -> Iterator[Mistake]:
    """The nearest alternative's mistakes; where they only differ in what is missing, or in the type, all together."""
    branches: list[list[_Error]] = error.kind.context
    if not all(branches):
        keys = _required_keys(schema, error)
        remedy = f"keep one of: {', '.join(f'`{key}`' for key in keys)}" if keys else "make it fit one of them only"
        yield Mistake(at, "ambiguous", "this fits more than one of the alternatives", remedy)
        return
    first = [branch[0] for branch in branches]
    if all(_same(branch, at, "required") for branch in branches):
        names = dict.fromkeys(one.kind.property for one in first if one.kind.property != "$ref")
        shown = " or ".join(f"`{name}`" for name in names)
        yield Mistake(
            at, "missing-key", f"{shown} is missing", "add one of them" if len(names) > 1 else "add it", tuple(names)
        )
    elif all(_same(branch, at, "type") for branch in branches):
        types = [type_ for one in first for type_ in one.kind.types]
        yield _wrong_type(error.instance, types, at)
    else:
        for nearest in min(branches, key=lambda branch: _distance(branch, at)):
            yield from _translate(nearest, schema)


def _required_keys(schema: Any, error: _Error) -> list[str]:
    """The keys of which a schema asks for exactly one, where that is how its alternatives differ."""
    try:
        for token in error.schema_path:
            schema = step(schema, token)
    except KeyError:
        return []
    required = [part.get("required", [""])[0] for part in schema if isinstance(part, dict)]
    return [key for key in required if key in error.instance] if isinstance(error.instance, dict) else []


def _same(branch: list[_Error], at: Pointer, kind: str) -> bool:
    return all(tuple(error.instance_path) == at and error.kind.name == kind for error in branch)


def _distance(branch: list[_Error], at: Pointer) -> tuple[bool, int, int]:
    """How far a value is from an alternative: of another type is farthest, with mistakes deep inside nearest."""
    here = [error for error in branch if tuple(error.instance_path) == at]
    other = any(e.kind.name == "type" or (e.kind.name == "required" and e.kind.property == "$ref") for e in here)
    return other, -max(len(error.instance_path) for error in branch), len(branch)


def _required(error: _Error, at: Pointer) -> Mistake:
    key = error.kind.property
    return Mistake(at, "missing-key", f"`{key}` is missing", "add it", meant=(key,))


def _type(error: _Error, at: Pointer) -> Mistake:
    return _wrong_type(error.instance, error.kind.types, at)


def _wrong_type(value: Any, types: list[str], at: Pointer) -> Mistake:
    expected = " or ".join(_TYPES[type_] for type_ in sorted(dict.fromkeys(types), key=lambda name: name == "boolean"))
    quotable = "string" in types and not isinstance(value, (dict, list, type(None)))
    remedy = f'put it in quotes: "{json.dumps(value)}"' if quotable else f"write {expected}"
    return Mistake(at, "wrong-type", f"{_described(value)} stands where {expected} is expected", remedy)


def _empty(error: _Error, at: Pointer) -> Mistake:
    if error.instance:
        return _other(error, at)
    return Mistake(at, "empty", f"nothing stands in {_shown(at[-1]) if at else 'it'}", "add at least one entry")


def _enum(error: _Error, at: Pointer) -> Mistake:
    options = [_shown(option) for option in error.kind.options]
    near = get_close_matches(_shown(error.instance), options, n=1)
    listed = ", ".join(options)
    remedy = f"did you mean {near[0]}? Possible are {listed}" if near else f"use one of {listed}"
    return Mistake(at, "wrong-value", f"{_shown(error.instance)} is not possible here", remedy)


def _constant(error: _Error, at: Pointer) -> Mistake:
    expected = _shown(error.kind.expected_value)
    return Mistake(at, "wrong-value", f"{_shown(error.instance)} is not possible here", f"write {expected}")


def _pattern(error: _Error, at: Pointer) -> Mistake:
    message = f"{_shown(error.instance)} does not match {error.kind.pattern}"
    return Mistake(at, "wrong-value", message, "use only what the pattern allows")


def _key_pattern(error: _Error, at: Pointer) -> Mistake:
    inner = error.kind.error
    rule = f"a key must match {inner.kind.pattern}" if inner.kind.name == "pattern" else _sentence(inner.message)
    return Mistake(
        (*at, inner.instance), "wrong-key", f"{_shown(inner.instance)} can't be a key here", f"rename it: {rule}"
    )


def _never(error: _Error, at: Pointer) -> Mistake:
    key = _shown(at[-1]) if at else "this"
    return Mistake(at, "not-allowed", f"{key} is not allowed here, beside what stands next to it", "remove it")


def _other(error: _Error, at: Pointer) -> Mistake:
    return Mistake(at, "wrong-value", _sentence(error.message), "correct the value")


_KINDS: Mapping[str, Callable[[_Error, Pointer], Mistake]] = {
    "minItems": _empty,
    "minProperties": _empty,
    "required": _required,
    "type": _type,
    "enum": _enum,
    "const": _constant,
    "pattern": _pattern,
    "propertyNames": _key_pattern,
    "falseSchema": _never,
}


def _described(value: Any) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return "nothing" if value is None else _shown(value)


def _shown(value: Any) -> str:
    text = repr(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:40]} … {text[-15:]}"


def _sentence(text: str) -> str:
    return text if len(text) <= 160 else f"{text[:100]} … {text[-50:]}"
