"""Values that fit a schema: small ones, its constants, its bounds, with and without what may be left out.

Hypothesis draws such values, too, and wider ones, but takes up to a second for one of them where a format meets a
pattern; a self-test needs some thousands. What is made here is a proposal: the validator has the last word.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

from streamcontract.contract.document import Document
from streamcontract_harness.selftest.patterns import matching

__all__ = ["Sampler", "TooLargeError"]

DEEPEST = 12
WORDS = ("a", "b", "one", "two words", "Hello", "é✓", "0", "")
NUMBERS = (0, 1, 2, 3, 5, 10, 100)
TRIES = 20
LARGEST = 2**20
"""Characters, items and members of one value."""
FORMATS: Mapping[str, tuple[str, ...]] = {
    "date-time": (
        "2026-01-01T00:00:00.000Z",
        "2026-01-01T00:00:01.500Z",
        "2026-01-01T00:00:00Z",
        "2026-06-30T12:00:00+02:00",
    ),
    "date": ("2026-01-01", "2024-02-29"),
    "time": ("00:00:00Z", "12:30:00.5Z"),
    "duration": ("PT1S", "P1D"),
    "uuid": ("6f1e7f5e-3a51-4c0e-9a5e-0d0a4cf0e001", "6f1e7f5e-3a51-4c0e-9a5e-0d0a4cf0e002"),
    "uri": ("https://example.org/", "https://example.org/a?b=c"),
    "uri-reference": ("/a", "https://example.org/"),
    "email": ("ada@example.org", "bob@example.org"),
    "hostname": ("example.org", "a.example.org"),
    "ipv4": ("192.0.2.1", "192.0.2.2"),
    "ipv6": ("2001:db8::1", "2001:db8::2"),
    "json-pointer": ("", "/a/0"),
    "regex": ("a*", "^b$"),
}  # fmt: skip


class TooLargeError(Exception):
    """What the schema asks for is larger than LARGEST; it was not made."""


class Sampler:
    """Draws from the schemas of one document; the same random numbers give the same values."""

    def __init__(self, document: Document, random: Random) -> None:
        self._document = document
        self.random = random
        self._left = LARGEST

    def _take(self, size: int) -> None:
        """Before so much is made."""
        self._left -= size
        if self._left < 0:
            raise TooLargeError

    def value(self, schema: Any, depth: int = 0) -> Any:  # noqa: PLR0911 - one for each kind
        """A value that most likely fits. Raises TooLargeError."""
        self._left = self._left if depth else LARGEST
        node = self.flat(schema)
        if "const" in node:
            return node["const"]
        if isinstance(node.get("enum"), list) and node["enum"]:
            return self.random.choice(node["enum"])
        kind = self._kind(node)
        match kind:
            case "object":
                return self._object(node, depth)
            case "array":
                return self._array(node, depth)
            case "integer" | "number":
                return self._number(node, whole=kind == "integer")
            case "string":
                return self._text(node)
            case "boolean":
                return self.random.random() < 0.5
        return None

    def flat(self, schema: Any) -> dict[str, Any]:
        """The schema with what it refers to, its `allOf`, and one branch of each union."""
        node: dict[str, Any] = {}
        waiting: list[Any] = [schema]
        for _ in range(100):
            if not waiting:
                break
            part = waiting.pop()
            if not isinstance(part, Mapping):
                continue
            if isinstance(part.get("$ref"), str):
                waiting.append(self._document.get(self._document.target(part["$ref"])))
            waiting += part["allOf"] if isinstance(part.get("allOf"), list) else []
            for key in ("oneOf", "anyOf"):
                if isinstance(part.get(key), list) and part[key]:
                    waiting.append(self.random.choice(part[key]))
            _merge(node, part)
        return node

    def _kind(self, node: Mapping[str, Any]) -> str:
        kinds = node.get("type")
        if isinstance(kinds, list) and kinds:
            return str(self.random.choice(kinds))
        if isinstance(kinds, str):
            return "null" if node.get("nullable") is True and self.random.random() < 0.3 else kinds
        for keys, kind in KINDS:
            if keys & node.keys():
                return kind
        return str(self.random.choice(("string", "integer", "null", "object")))

    def _object(self, node: Mapping[str, Any], depth: int) -> dict[str, Any]:
        properties = node.get("properties") if isinstance(node.get("properties"), dict) else {}
        chosen = dict.fromkeys(name for name in node.get("required", ()) if isinstance(name, str))
        likely = 0.0 if depth > DEEPEST else self.random.choice((0.0, 0.3, 0.7, 1.0))
        chosen.update(dict.fromkeys(name for name in properties or {} if self.random.random() < likely))
        dependent = node.get("dependentRequired")
        for name in list(chosen):
            chosen.update(dict.fromkeys(dependent.get(name, ()) if isinstance(dependent, dict) else ()))
        self._take(len(chosen))
        ordered = [*(name for name in properties or {} if name in chosen), *chosen]
        return {name: self.value((properties or {}).get(name, {}), depth + 1) for name in dict.fromkeys(ordered)}

    def _array(self, node: Mapping[str, Any], depth: int) -> list[Any]:
        least = _whole(node.get("minItems"), 0)
        most = min(_whole(node.get("maxItems"), least + 3), least + 3)
        size = least if depth > DEEPEST else self.random.randint(least, max(least, most))
        first = node.get("prefixItems") if isinstance(node.get("prefixItems"), list) else []
        rest = node.get("items", {})
        self._take(size)
        schemas = [*(first or []), *[rest] * size][: max(size, len(first or []))]
        found: list[Any] = []
        for schema in schemas:
            value = self.value(schema, depth + 1)
            if node.get("uniqueItems") is not True or value not in found:
                found.append(value)
        return found

    def _number(self, node: Mapping[str, Any], *, whole: bool) -> int | float:
        least, most = _bound(node, "minimum", "exclusiveMinimum", 1), _bound(node, "maximum", "exclusiveMaximum", -1)
        step = node.get("multipleOf")
        if isinstance(step, int | float) and step > 0:
            start = 0 if least is None else -(-least // step)
            return (start + self.random.randint(0, 3)) * step
        choices: list[int | float] = [number for number in NUMBERS if _between(number, least, most)]
        choices += [bound for bound in (least, most) if bound is not None and abs(bound) < 2**53]
        if least is not None and most is not None and not whole:
            choices += [round(least + (most - least) * part, 3) for part in (0.25, 0.5, 0.9)]
        return self.random.choice(choices or [0 if least is None else least])

    def _text(self, node: Mapping[str, Any]) -> str:
        least = _whole(node.get("minLength"), 0)
        most = _whole(node.get("maxLength"), 2**31)
        candidates = [text for text in self._texts(node) if least <= len(text) <= most]
        if candidates:
            return self.random.choice(candidates)
        self._take(least)
        return "x" * least

    def _texts(self, node: Mapping[str, Any]) -> Iterator[str]:
        pattern = node.get("pattern")
        of_format = FORMATS.get(str(node.get("format")))
        if of_format:
            yield from of_format
        elif isinstance(pattern, str):
            for _ in range(2):
                text = matching(pattern, self.random)
                if text is not None:
                    yield text
        else:
            yield from WORDS


KINDS: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({"properties", "required", "additionalProperties"}), "object"),
    (frozenset({"items", "prefixItems", "minItems", "maxItems"}), "array"),
    (frozenset({"minimum", "maximum", "multipleOf"}), "number"),
    (frozenset({"pattern", "minLength", "maxLength", "format", "contentSchema", "contentMediaType"}), "string"),
)
"""What a schema without a type speaks of, by its keywords."""


def _merge(node: dict[str, Any], part: Mapping[str, Any]) -> None:
    for key, value in part.items():
        if key == "properties" and isinstance(value, dict):
            node["properties"] = {**value, **node.get("properties", {})}
        elif key == "required" and isinstance(value, list):
            node["required"] = [*node.get("required", []), *value]
        elif key not in ("$ref", "allOf", "oneOf", "anyOf"):
            node.setdefault(key, value)


def _whole(value: Any, default: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def _bound(node: Mapping[str, Any], inclusive: str, exclusive: str, step: int) -> int | float | None:
    for key, inward in ((inclusive, 0), (exclusive, step)):
        value = node.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return value + inward
    return None


def _between(number: float, least: float | None, most: float | None) -> bool:
    return (least is None or number >= least) and (most is None or number <= most)
