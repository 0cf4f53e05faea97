"""JSON Schema over a whole document: validators for a place in it, with errors that a person can act on."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby, islice
from typing import Any
from urllib.parse import quote

import jsonschema_rs

from streamcontract.contract.demands import NO_MEMBERS, REQUIRED, demand, offending
from streamcontract.contract.document import Document
from streamcontract.contract.problems import Pointer
from streamcontract.contract.written import beginning, names_of, shorten, written

__all__ = ["Invalid", "SchemaError", "Schemas", "Validator", "pointer_text"]

DOCUMENT = "urn:streamcontract:document"
SHOWN = 5
"""How many of the errors of one value are told: the first names the fault, the rest are often its echoes."""


class SchemaError(ValueError):
    """A schema of the document cannot be compiled."""


COUNTED = {
    "maxContains": "more items that fit `contains` than `maxContains` allows",
    "minContains": "fewer items that fit `contains` than `minContains` wants",
}
"""Of these the library says that no item fits."""
LONE_SURROGATE = "half of a surrogate pair, which cannot be held to a schema"
LONG_NUMBER = "a number of too many digits to be held to a schema"
JUDGEABLE = "a value that can be held to its schema"
MASK = "\ue000"
"""Stands for the value in the library's messages: a character of nobody's."""


@dataclass(frozen=True, slots=True)
class Invalid:
    """One place where a value breaks its schema: where in the value, and a JSON pointer into the schema.

    The texts are made when they are asked for: most faults are equal to an earlier one, and only counted. What is not
    `judged` is a value that the library cannot read: nobody knows whether it fits.
    """

    at: tuple[str | int, ...]
    schema_at: str
    said: Callable[[], tuple[str, str]] = field(repr=False)
    shown: Callable[[], str] = field(repr=False)
    judged: bool = True

    @classmethod
    def of(cls, error: jsonschema_rs.ValidationError, value: Any) -> "Invalid":
        """What a validator of this module has found in the value. Raises ValueError where it cannot be read."""
        at, schema_at = tuple(error.instance_path), pointer_text(error.schema_path)
        if (members := _unwanted_members(error, value)) is not None:
            return cls(at, schema_at, lambda: (f"{MASK} may have no members", NO_MEMBERS), lambda: names_of(members))
        _ = error.instance  # which a long number in it makes impossible
        return cls(at, schema_at, lambda: _said(error), lambda: offending(error))

    @property
    def sentence(self) -> str:
        """What is wrong, with a mask for the value."""
        return self.said()[0]

    @property
    def expected(self) -> str:
        """What the schema's keyword demands."""
        return self.said()[1]

    @property
    def got(self) -> str:
        """The value, cut short."""
        return self.shown()

    @property
    def value_at(self) -> str:
        """The place in the value as a JSON pointer."""
        return pointer_text(self.at)

    @property
    def message(self) -> str:
        """What is wrong with the value."""
        return self.sentence.replace(MASK, self.got, 1)

    def said_of(self, name: str) -> str:
        """What is wrong with what goes by this name."""
        return self.sentence.replace(MASK, name, 1) if MASK in self.sentence else f"{name}: {self.sentence}"


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
            for _, errors in islice(groupby(self.compiled.iter_errors(value), _place), SHOWN):
                yield _together([Invalid.of(error, value) for error in errors])
        except ValueError as error:
            what = LONE_SURROGATE if isinstance(error, UnicodeError) else LONG_NUMBER
            yield Invalid((), "", lambda: (f"{MASK} has {what}", JUDGEABLE), lambda: written(value), judged=False)


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
            compiled = jsonschema_rs.Draft202012Validator(
                schema, registry=self._registry, validate_formats=True, mask=MASK
            )
            return Validator(compiled)
        except (ValueError, jsonschema_rs.ReferencingError) as error:
            raise SchemaError(shorten(str(error).split("\n", 1)[0])) from None  # the rest repeats the schema

    def at(self, *pointers: Pointer) -> Validator:
        """A validator for what stands at all of these places."""
        references = [self.reference(pointer) for pointer in pointers]
        return self.validator(references[0] if len(references) == 1 else {"allOf": references})

    def without(self, schema: Mapping[str, Any], *keywords: str) -> Any:
        """The schema without some keywords, with its references made absolute."""
        return _absolute({key: value for key, value in schema.items() if key not in keywords})


def pointer_text(pointer: Pointer | Sequence[str | int]) -> str:
    """A pointer as RFC 6901 writes it."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in pointer)


def _said(error: jsonschema_rs.ValidationError) -> tuple[str, str]:
    """What is wrong, and what the keyword demands."""
    for keyword, what in COUNTED.items():
        if error.schema_path[-1:] == [keyword]:
            return f"{MASK} has {what}", demand(keyword, None)
    return shorten(error.message), demand(error.kind.name, error.kind.value)


def _place(error: jsonschema_rs.ValidationError) -> object:
    """What several missing members of one object have in common; nothing else is told together."""
    return (*error.instance_path, "", *error.schema_path) if error.kind.name == "required" else object()


def _together(missing: list[Invalid]) -> Invalid:
    """Missing members as one fault."""
    if len(missing) == 1:
        return missing[0]

    def said() -> tuple[str, str]:
        names = beginning(", ".join(one.expected.removeprefix(REQUIRED) for one in missing))
        return f"{names} are required properties", f"{REQUIRED}{names}"

    return replace(missing[0], said=said)


def _unwanted_members(error: jsonschema_rs.ValidationError, value: Any) -> Mapping[str, Any] | None:
    """The object that `additionalProperties: false` alone forbids all members.

    The library tells it as the fault of a member, whose name it leaves out; of a member that has a schema of its own,
    be it called as the keyword, it tells the place.
    """
    if error.kind.name != "falseSchema" or error.schema_path[-1:] != ["additionalProperties"]:
        return None
    for key in error.instance_path:
        value = value[key]
    return value if isinstance(value, Mapping) and value != error.instance else None


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
