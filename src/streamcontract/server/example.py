"""A value that a schema allows, for what a failure event has to say."""

from collections.abc import Iterator, Mapping
from typing import Any

from streamcontract.contract.document import Document
from streamcontract.contract.tree import pointer_of

__all__ = ["ExampleMaker"]

MAXIMUM_DEPTH = 20
CONSTRAINTS = ("pattern", "format", "contentEncoding", "const", "enum")
"""A string with one of these is no free text."""


class ExampleMaker:
    """Makes values of one document's schemas, the simplest that there are; free text is `text`."""

    def __init__(self, document: Document, text: str) -> None:
        self.document, self.text = document, text

    def value(self, schema: Any, depth: int = 0) -> Any:
        """Its constant, its first `enum` value, its example, or what its type needs at least."""
        flat = self.flat(schema)
        if depth > MAXIMUM_DEPTH:
            return None
        if "const" in flat:
            return flat["const"]
        if flat.get("enum"):
            return flat["enum"][0]
        union = next((key for key in ("oneOf", "anyOf") if flat.get(key)), None)
        if union:
            rest = {key: value for key, value in flat.items() if key != union}
            return self.value({"allOf": [rest, flat[union][0]]}, depth + 1)
        return self._of_type(flat, depth)

    def flat(self, schema: Any, depth: int = 0) -> dict[str, Any]:
        """A schema with what it refers to and its `allOf` put together."""
        made: dict[str, Any] = {}
        for part in self._parts(schema, depth):
            for key, value in part.items():
                if key == "properties":
                    made[key] = {**value, **made.get(key, {})}
                elif key == "required":
                    made[key] = [*made.get(key, ()), *value]
                else:
                    made.setdefault(key, value)
        return made

    def _parts(self, schema: Any, depth: int) -> Iterator[Mapping[str, Any]]:
        if not isinstance(schema, dict) or depth > MAXIMUM_DEPTH:
            return
        yield {key: value for key, value in schema.items() if key not in ("$ref", "allOf")}
        if isinstance(reference := schema.get("$ref"), str):
            target = self.document.get(pointer_of(reference.removeprefix("#"), self.document.tree))
            yield self.flat(target, depth + 1)
        for part in schema.get("allOf", ()):
            yield self.flat(part, depth + 1)

    def _of_type(self, flat: Mapping[str, Any], depth: int) -> Any:
        type_, example = _type(flat), _example(flat)
        if type_ == "object":
            return self._object(flat, example if isinstance(example, dict) else {}, depth)
        if _is_free_text(flat):
            return self.text[: flat.get("maxLength", len(self.text))].ljust(flat.get("minLength", 0), ".")
        if example is not None:
            return example
        if type_ == "array":
            return [self.value(flat.get("items", {}), depth + 1) for _ in range(flat.get("minItems", 0))]
        simple = {"integer": _number(flat), "number": _number(flat), "boolean": False, "null": None}
        return simple.get(type_, self.text)

    def _object(self, flat: Mapping[str, Any], example: dict[str, Any], depth: int) -> dict[str, Any]:
        """An example's free text is replaced: what went wrong is another thing each time."""
        made = dict(example)
        properties: Mapping[str, Any] = flat.get("properties", {})
        for name in [*example, *flat.get("required", ())]:
            schema = properties.get(name, {"type": "string"})
            if name not in made or (isinstance(made[name], str) and _is_free_text(self.flat(schema))):
                made[name] = self.value(schema, depth + 1)
        return made


def _type(flat: Mapping[str, Any]) -> str:
    named = flat.get("type")
    if isinstance(named, list):
        return str(next((type_ for type_ in named if type_ != "null"), "null"))
    return str(named or ("object" if "properties" in flat or "required" in flat else "string"))


def _is_free_text(flat: Mapping[str, Any]) -> bool:
    return _type(flat) == "string" and not any(key in flat for key in CONSTRAINTS)


def _example(flat: Mapping[str, Any]) -> Any:
    if "example" in flat:
        return flat["example"]
    listed = flat.get("examples")
    return listed[0] if isinstance(listed, list) and listed else flat.get("default")


def _number(flat: Mapping[str, Any]) -> Any:
    """The smallest that is allowed, or 0."""
    if "minimum" in flat:
        return flat["minimum"]
    if "exclusiveMinimum" in flat:
        return flat["exclusiveMinimum"] + 1
    return min(0, flat.get("maximum", 0))
