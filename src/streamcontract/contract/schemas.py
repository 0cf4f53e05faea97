"""JSON Schema over a whole document: validators for a place in it, with errors that a person can act on."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import jsonschema_rs

from streamcontract.contract.document import Document
from streamcontract.contract.json_text import writable
from streamcontract.contract.problems import Pointer

__all__ = ["Invalid", "SchemaError", "Schemas", "Validator", "pointer_text", "shorten"]

DOCUMENT = "urn:streamcontract:document"
SHOWN = 5
"""How many of the errors of one value are told: the first names the fault, the rest are often its echoes."""


class SchemaError(ValueError):
    """A schema of the document cannot be compiled."""


@dataclass(frozen=True, slots=True)
class Invalid:
    """One place where a value breaks its schema: JSON pointers into the value and into the schema."""

    value_at: str
    schema_at: str
    message: str


@dataclass(frozen=True, slots=True, eq=False)
class Validator:
    """A compiled schema."""

    compiled: jsonschema_rs.Validator = field(repr=False)

    def is_valid(self, value: Any) -> bool:
        """Whether the value fits; a value that the library cannot read (a lone surrogate) does not."""
        try:
            return self.compiled.is_valid(value)
        except ValueError:
            return False

    def errors(self, value: Any) -> Iterator[Invalid]:
        """What is wrong with the value, the first few errors of it."""
        try:
            for number, error in enumerate(self.compiled.iter_errors(value)):
                if number == SHOWN:
                    return
                yield Invalid(
                    pointer_text(error.instance_path), pointer_text(error.schema_path), shorten(error.message)
                )
        except ValueError as error:
            yield Invalid("", "", shorten(str(error)))


class Schemas:
    """Compiles schemas of one document, whose `$ref`s all stay inside it (the document has been bundled)."""

    def __init__(self, document: Document) -> None:
        tree = _modern(document.tree) if document.version == (3, 0) else document.tree
        self._registry = jsonschema_rs.Registry([(DOCUMENT, tree)], draft=jsonschema_rs.Draft202012)

    def reference(self, pointer: Pointer) -> dict[str, str]:
        """A schema that refers to that place of the document."""
        return {"$ref": f"{DOCUMENT}#{quote(pointer_text(pointer), safe='/~')}"}

    def validator(self, schema: Any) -> Validator:
        """A validator for a schema whose references are absolute. Raises SchemaError when it cannot be compiled."""
        try:
            return Validator(jsonschema_rs.Draft202012Validator(schema, registry=self._registry, validate_formats=True))
        except (ValueError, jsonschema_rs.ReferencingError) as error:
            raise SchemaError(shorten(str(error).split("\n", 1)[0])) from None  # the rest repeats the schema

    def at(self, *pointers: Pointer) -> Validator:
        """A validator for what stands at all of these places."""
        references = [self.reference(pointer) for pointer in pointers]
        return self.validator(references[0] if len(references) == 1 else {"allOf": references})

    def without(self, schema: Mapping[str, Any], *keywords: str) -> Any:
        """The schema without some keywords, with its references made absolute."""
        return _absolute({key: value for key, value in schema.items() if key not in keywords})


def pointer_text(pointer: Pointer | list[str | int]) -> str:
    """A pointer as RFC 6901 writes it."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in pointer)


def shorten(text: str, most: int = 300) -> str:
    """At most so many characters, the middle left out: a message repeats no megabyte, and nothing unwritable."""
    return writable(text if len(text) <= most else f"{text[: most // 2]} … {text[-most // 3 :]}")


def _absolute(node: Any) -> Any:
    if isinstance(node, dict):
        return {
            key: f"{DOCUMENT}{value}"
            if key == "$ref" and isinstance(value, str) and value.startswith("#")
            else _absolute(value)
            for key, value in node.items()
        }
    return [_absolute(item) for item in node] if isinstance(node, list) else node


def _modern(node: Any) -> Any:
    """OpenAPI 3.0's schemas as JSON Schema has them: `nullable` is a type, an exclusive bound a number."""
    if isinstance(node, list):
        return [_modern(item) for item in node]
    if not isinstance(node, dict):
        return node
    made = {key: _modern(value) for key, value in node.items()}
    if made.get("nullable") is True and isinstance(made.get("type"), str):
        made["type"] = [made["type"], "null"]
    for exclusive, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if made.get(exclusive) is True and bound in made:
            made[exclusive] = made.pop(bound)
        elif isinstance(made.get(exclusive), bool):
            del made[exclusive]
    return made
