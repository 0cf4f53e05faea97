"""Ways through the tree of a document: JSON pointers (RFC 6901), and where in it a `$ref` is a reference."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

from streamcontract.contract.problems import Pointer

__all__ = ["Node", "fragment_of", "get", "pointer_of", "step", "tokens_of", "walk"]

_NAMES = frozenset(
    [
        *["callbacks", "content", "encoding", "examples", "headers", "links", "mediaTypes", "parameters", "pathItems"],
        *["paths", "requestBodies", "responses", "schemas", "securitySchemes", "webhooks"],
        *["$defs", "definitions", "dependentSchemas", "patternProperties", "properties"],
    ]
)
"""Keys whose entries are named by the author, so that `default` or `$ref` right below them is a name and no keyword."""
_DATA = frozenset(["example", "default", "const", "enum", "value", "dataValue", "serializedValue", "x-stream"])


class Node(NamedTuple):
    """A mapping of the tree whose keys are keywords, not names, and where it stands."""

    pointer: Pointer
    value: dict[str, Any]


def walk(value: Any, pointer: Pointer = (), *, names: bool = False) -> Iterator[Node]:
    """Every object from a node downwards that can hold a `$ref`: what is data is left out."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from walk(item, (*pointer, index))
    elif isinstance(value, dict):
        if not names:
            yield Node(pointer, value)
        for key, child in value.items():
            if names:
                yield from walk(child, (*pointer, key))
            elif key not in _DATA and not (key == "examples" and isinstance(child, list)):
                yield from walk(child, (*pointer, key), names=isinstance(child, dict) and key in _NAMES)


def step(value: Any, token: str | int) -> Any:
    """One step of a pointer; raises KeyError where it leads nowhere."""
    if isinstance(value, dict) and token in value:
        return value[token]
    if isinstance(value, list) and str(token).isdecimal() and int(token) < len(value):
        return value[int(token)]
    raise KeyError(token)


def get(value: Any, pointer: Pointer) -> Any:
    """What stands at a pointer. Raises KeyError, with the step that is missing."""
    for token in pointer:
        value = step(value, token)
    return value


def tokens_of(fragment: str) -> list[str]:
    """The unescaped steps of a fragment such as `/paths/~1chats/get`."""
    return [unquote(escaped).replace("~1", "/").replace("~0", "~") for escaped in fragment.split("/")[1:]]


def pointer_of(fragment: str, root: Any) -> Pointer:
    """The pointer that a fragment means in a tree, with a list's indexes as numbers.

    Raises KeyError, with the step that is missing.
    """
    pointer: list[str | int] = []
    for token in tokens_of(fragment):
        value, root = root, step(root, token)
        pointer.append(int(token) if isinstance(value, list) else token)
    return tuple(pointer)


def fragment_of(pointer: Pointer) -> str:
    """The fragment for a pointer, escaped as a URI asks (RFC 6901, section 6)."""
    escaped = (str(token).replace("~", "~0").replace("/", "~1") for token in pointer)
    return "".join("/" + quote(token, safe="~!$&'()*+,;=:@") for token in escaped)
