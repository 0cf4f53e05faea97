"""Parameters: connexion splits them by their style; here their text becomes values, held to the original schema.

A parameter's text is read as the types that its schema names, the narrowest first (integer, number, boolean, string);
the first reading that fits the schema is the value. JSON's own spelling is asked for: `1_000` and `True` are text.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus

import msgspec
from connexion.decorators.parameter import pythonic
from connexion.lifecycle import ConnexionRequest
from connexion.uri_parsing import OpenAPIURIParser
from starlette.datastructures import Headers
from starlette.types import Scope

from streamcontract.contract.alternatives import conjuncts
from streamcontract.contract.document import Document
from streamcontract.contract.problems import Pointer
from streamcontract.contract.schemas import Validator
from streamcontract.contract.written import shorten
from streamcontract.server.call import Call
from streamcontract.server.problems import Problem

__all__ = ["MISSING", "Parameter", "ParameterValidator", "Shape", "UriParser", "python_name", "shape_of"]

MISSING: Any = object()
"""No default."""
SCALARS = ("integer", "number", "boolean", "string")
MAXIMUM_DEPTH = 20

_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,307})")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,307})(\.[0-9]{1,307})?([eE][+-]?[0-9]{1,3})?")
_JSON = msgspec.json.Decoder()


@dataclass(frozen=True, slots=True)
class Shape:
    """What a schema says of a value's types: enough to read text by."""

    types: tuple[str, ...] = ("string",)
    items: "Shape | None" = None
    properties: Mapping[str, "Shape"] = field(default_factory=dict)

    def readings(self, raw: Any) -> Iterator[Any]:
        """The values that a text, a list of texts or an object of texts may mean, the likeliest first."""
        if isinstance(raw, list):
            yield [next((self.items or Shape()).readings(item)) for item in raw]
        elif isinstance(raw, dict):
            yield {key: next(self.properties.get(key, Shape()).readings(value)) for key, value in raw.items()}
        else:
            yield from (value for type_ in self.types if (value := _read(type_, raw)) is not MISSING)
            yield raw


@dataclass(frozen=True, slots=True, eq=False)
class Parameter:
    """One parameter of an operation; `argument` is what it is called in Python. `is_json`: its text is JSON."""

    name: str
    argument: str
    location: str
    required: bool
    shape: Shape
    validator: Validator | None
    default: Any = MISSING
    is_json: bool = False
    style: str = ""
    explode: bool = False

    @property
    def is_list(self) -> bool:
        """Whether its text is a list of values."""
        return "array" in self.shape.types

    @property
    def comma_separated(self) -> bool:
        """Whether it is a list in the query, as `?ids=1,2`."""
        return self.location == "query" and self.style == "form" and not self.explode and self.is_list

    def lowered(self) -> dict[str, Any]:
        """This parameter as connexion reads it: split, and otherwise text. Required ones are looked for here."""
        types = self.shape.types
        schema: dict[str, Any] = {"type": "string"}
        if "array" in types:
            schema = {"type": "array", "items": {"type": "string"}}
        elif "object" in types:
            schema = {"type": "object"}
        made = {"name": self.name, "in": self.location, "required": self.location == "path", "schema": schema}
        return {**made, "style": self.style, "explode": self.explode} if self.location == "query" else made

    def read(self, raw: Any) -> tuple[Any, list[dict[str, str]]]:
        """The value that a text means, and what is wrong with it."""
        if isinstance(raw, list) and self.location == "header":
            if not self.is_list:
                return None, [self._error("it was sent more than once, and has one value")]
            raw = ",".join(raw)  # https://www.rfc-editor.org/rfc/rfc9110#section-5.3
        if self.is_json:
            try:
                raw = _JSON.decode(raw)
            except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
                return None, [self._error(f"it is not JSON: {error}")]
            readings = iter([raw])
        else:
            if isinstance(raw, str) and self.is_list:
                raw = [part.strip() for part in raw.split(",")]
            readings = self.shape.readings(raw)
        first = MISSING
        for value in readings:
            if self.validator is None or self.validator.is_valid(value):
                return value, []
            first = value if first is MISSING else first
        assert self.validator is not None  # noqa: S101 - without one the first reading is taken
        return None, [self._error(error.message) for error in self.validator.errors(first)]

    def missing(self) -> dict[str, str]:
        """What is wrong when it was not sent."""
        return self._error("it is required")

    def _error(self, detail: str) -> dict[str, str]:
        return {"parameter": self.name, "in": self.location, "detail": shorten(detail)}


class UriParser(OpenAPIURIParser):  # type: ignore[misc] # connexion has no types
    """Connexion's, but a comma in one of several values (`?tag=a,b&tag=c`) does not split it."""

    @staticmethod
    def _resolve_param_duplicates(values: list[str], param_defn: dict[str, Any], _in: str) -> Any:
        return values if param_defn.get("explode") else values[-1]

    @staticmethod
    def _split(value: Any, param_defn: dict[str, Any], _in: str) -> Any:
        return value if isinstance(value, list) else OpenAPIURIParser._split(value, param_defn, _in)


class ParameterValidator:
    """Takes the place of connexion's, which knows JSON Schema's draft 4 only."""

    def __init__(self, parameters: list[dict[str, Any]], uri_parser: OpenAPIURIParser, **_: Any) -> None:
        self.uri_parser = uri_parser

    def validate(self, scope: Scope) -> None:
        """Read all parameters of a request into its call. Raises Problem, which names each that is wrong."""
        call = Call.of(scope)
        binding = call.binding
        if binding is None or not binding.parameters:
            return
        try:
            self._read(call, binding.parameters, self._sent(scope, binding.parameters))
        except RecursionError:
            raise Problem(400, "an object in the query is nested too deeply") from None

    def _read(self, call: Call, parameters: Sequence[Parameter], sent: Mapping[str, Mapping[str, Any]]) -> None:
        errors: list[dict[str, str]] = []
        for parameter in parameters:
            raw = sent[parameter.location].get(_sent_name(parameter), MISSING)
            if raw is MISSING:
                if parameter.required:
                    errors.append(parameter.missing())
                elif parameter.default is not MISSING:
                    call.arguments[parameter.argument] = parameter.default
                continue
            value, wrong = parameter.read(raw)
            errors += wrong
            call.arguments[parameter.argument] = value
            call.parameters.setdefault(parameter.location, {})[parameter.name] = value
        if errors:
            first = errors[0]
            raise Problem(400, f"the {first['in']} parameter {first['parameter']}: {first['detail']}", errors=errors)

    def _sent(self, scope: Scope, parameters: Sequence[Parameter]) -> dict[str, Mapping[str, Any]]:
        request = ConnexionRequest(scope, uri_parser=self.uri_parser)
        lists = [p.name for p in parameters if p.comma_separated]
        return {
            "query": {**request.query_params, **_lists(scope.get("query_string", b""), lists)},
            "path": request.path_params,
            "header": _headers(scope, [p.name for p in parameters if p.location == "header"]),
            "cookie": request.cookies,
        }


def _headers(scope: Scope, names: Sequence[str]) -> dict[str, str | list[str]]:
    """What was sent in the headers of these names: a text, or a list of them where there are several lines."""
    headers = Headers(scope=scope)
    found = {name: headers.getlist(name) for name in names}
    return {name: values if len(values) > 1 else values[0] for name, values in found.items() if values}


def _lists(query: bytes, names: Sequence[str]) -> dict[str, list[str]]:
    """Of the parameters of these names the values that a comma separates: split first, as `%2C` is part of a value.

    "the value of each such [reserved] character ... is percent-encoded", https://www.rfc-editor.org/rfc/rfc6570#section-3.2.8
    """
    pairs = [pair.partition("=") for pair in query.decode("latin-1").split("&")] if names else []
    sent = {name: value for key, _, value in pairs if (name := unquote_plus(key)) in names}
    return {name: [unquote_plus(part) for part in value.split(",")] for name, value in sent.items()}


def python_name(name: str) -> str:
    """What a name of the contract is called in Python: `lastEventId` and `Last-Event-ID` are `last_event_id`."""
    made: str = pythonic(re.sub(r"\W", "_", name))
    return made


def shape_of(document: Document, pointer: Pointer, depth: int = 0) -> Shape:
    """The types that the schema at a place allows; null is left out, as no text means it."""
    places = [node for _, node in conjuncts(document, pointer)]
    types: list[str] = []
    items: Shape | None = None
    properties: dict[str, Shape] = {}
    for at, node in conjuncts(document, pointer):
        types += _types_named(node)
        for key in ("anyOf", "oneOf"):
            for index in range(len(node[key]) if isinstance(node.get(key), list) and depth < MAXIMUM_DEPTH else 0):
                branch = shape_of(document, (*at, key, index), depth + 1)
                if not any("type" in place for place in places):
                    types += branch.types
                items, properties = items or branch.items, {**branch.properties, **properties}
        if isinstance(node.get("items"), dict) and depth < MAXIMUM_DEPTH:
            items = shape_of(document, (*at, "items"), depth + 1)
        for name in node["properties"] if isinstance(node.get("properties"), dict) and depth < MAXIMUM_DEPTH else ():
            properties[name] = shape_of(document, (*at, "properties", name), depth + 1)
    known = tuple(type_ for type_ in (*SCALARS, "array", "object") if type_ in types)
    return Shape(known or ("string",), items, properties)


def _types_named(node: Mapping[str, Any]) -> list[str]:
    if "type" in node:
        named = node["type"]
        return [named] if isinstance(named, str) else list(named)
    values = [node["const"]] if "const" in node else node.get("enum")
    return [_type_of(value) for value in values] if isinstance(values, list) else []


def _type_of(value: Any) -> str:
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return names.get(type(value), "null")


def _read(type_: str, text: str) -> Any:
    if type_ == "integer" and _INTEGER.fullmatch(text):
        return int(text)
    if type_ == "number" and _NUMBER.fullmatch(text):
        return int(text) if _INTEGER.fullmatch(text) else float(text)
    if type_ == "boolean" and text in ("true", "false"):
        return text == "true"
    return text if type_ == "string" else MISSING


def _sent_name(parameter: Parameter) -> str:
    """Connexion's routes have an underscore for a hyphen in a path parameter's name."""
    return parameter.name.replace("-", "_") if parameter.location == "path" else parameter.name
