"""`itemSchema` becomes the alternatives that events are told apart by (section 2 of the contract language)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations, islice
from typing import Any

from streamcontract.contract.document import Document
from streamcontract.contract.problems import Pointer, Severity
from streamcontract.contract.report import Report
from streamcontract.contract.schemas import SchemaError, Schemas
from streamcontract.contract.symbols import Alternative

__all__ = ["check_ambiguity", "conjuncts", "read_alternatives"]

STRING_KEYWORDS = frozenset(
    {"contentMediaType", "contentSchema", "contentEncoding", "pattern", "minLength", "maxLength", "format"}
)
JSON_KEYWORDS = frozenset({"properties", "items", "required", "oneOf", "anyOf", "additionalProperties", "prefixItems"})
UNIONS = ("oneOf", "anyOf")
MAXIMUM_DEPTH = 50
MOST = 2_000
"""Alternatives of one stream: each is compared with each."""

Place = tuple[Pointer, Mapping[str, Any]]
"""A schema, and where it stands."""


@dataclass(frozen=True)
class _Branch:
    """One way through the unions: the schema at `pointer`, and what the schemas around it ask for as well."""

    pointer: Pointer
    around: tuple[Place, ...]


def read_alternatives(
    document: Document, schemas: Schemas, report: Report, pointer: Pointer, naming: tuple[str, ...] | None
) -> list[Alternative]:
    """The alternatives of the schema at `pointer`; `naming` is the place in the payload that names an event, if any."""
    branches = list(islice(_branches(document, _Branch(pointer, ()), 0), MOST + 1))
    if len(branches) > MOST:
        message = f"more than {MOST:,} alternatives, nested ones counted each by itself"
        report.error("symbols.too-many", pointer, message, "describe kinds of events that are alike by one schema")
        return []
    found: list[Alternative] = []
    for branch in branches:
        try:
            found += _Reader(document, schemas, report, branch, naming, alone=len(branches) == 1).read()
        except SchemaError as error:
            report.error("schema.invalid", branch.pointer, f"the schema cannot be used: {error}", "mend the schema")
    return found


def conjuncts(document: Document, pointer: Pointer) -> Iterator[Place]:
    """All schemas that a value at this place must fit: the schema itself, what it refers to, and `allOf`; each once."""
    seen: set[Pointer] = set()
    waiting = [pointer]
    while waiting:
        pointer = waiting.pop()
        node = document.get(pointer)
        if pointer in seen or not isinstance(node, dict):
            continue
        seen.add(pointer)
        yield pointer, node
        parts = node.get("allOf")
        waiting += [
            (*pointer, "allOf", index) for index in reversed(range(len(parts) if isinstance(parts, list) else 0))
        ]
        if "$ref" in node:
            waiting.append(document.resolve(pointer)[0])


def _branches(document: Document, branch: _Branch, depth: int) -> Iterator[_Branch]:
    """Follow unions down to the alternatives: a schema that names its event is one, whatever unions it has inside."""
    places = list(conjuncts(document, branch.pointer))
    named = any("x-symbol" in node for _, node in places) or _event_schema(document, places) is not None
    for place, node in places:
        key = next((key for key in UNIONS if isinstance(node.get(key), list) and node[key]), None)
        if key is not None and depth < MAXIMUM_DEPTH and (depth == 0 or not named):
            around = (
                *branch.around,
                *((at, {**other} if at != place else _without(other, key)) for at, other in places),
            )
            for index in range(len(node[key])):
                yield from _branches(document, _Branch((*place, key, index), around), depth + 1)
            return
    yield branch


def _without(node: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in node.items() if key not in keys}


def _event_schema(document: Document, places: Iterable[Place]) -> frozenset[str] | None:
    """The event types that these schemas allow: `const` or `enum` of `properties.event`."""
    for pointer, node in places:
        properties = node.get("properties")
        if isinstance(properties, dict) and "event" in properties:
            for _, schema in conjuncts(document, (*pointer, "properties", "event")):
                if isinstance(schema.get("const"), str):
                    return frozenset({schema["const"]})
                if isinstance(schema.get("enum"), list):
                    return frozenset(value for value in schema["enum"] if isinstance(value, str))
    return None


class _Reader:
    """Reads one branch: its name or names, what its `data` is, and the validators."""

    def __init__(
        self,
        document: Document,
        schemas: Schemas,
        report: Report,
        branch: _Branch,
        naming: tuple[str, ...] | None,
        *,
        alone: bool,
    ) -> None:
        self.document, self.schemas, self.report, self.branch, self.naming = document, schemas, report, branch, naming
        self.alone = alone
        self.own = list(conjuncts(document, branch.pointer))
        self.places = [*self.own, *branch.around]
        self.data = [place for at, node in self.places if "data" in _properties(node)
                     for place in conjuncts(document, (*at, "properties", "data"))]  # fmt: skip

    def read(self) -> list[Alternative]:
        types = _event_schema(self.document, self.places)
        parses_json, object_data, payload = self.payload()
        inside = [place for at in payload for place in conjuncts(self.document, at)]
        alternative = Alternative(
            symbol="",
            event_types=types,
            parses_json=parses_json,
            object_data=object_data,
            envelope=self.schemas.validator(self.envelope()),
            payload=self.schemas.at(*payload) if payload and not object_data else None,
            constants=tuple(self.constants(inside)),
            schema=self.mapping(self.branch.pointer),
            payload_schema=self.mapping(payload[0]) if payload else None,
            location=self.document.locate(self.own[0][0] if self.own else self.branch.pointer),
        )
        return [replace(alternative, symbol=name, event_types=kinds) for name, kinds in self.names(types, inside)]

    def mapping(self, pointer: Pointer) -> Mapping[str, Any]:
        """The schema at a pointer; one that is just `true` says nothing."""
        schema = self.document.resolve(pointer)[1]
        return schema if isinstance(schema, dict) else {}

    def envelope(self) -> Any:
        own = self.schemas.reference(self.branch.pointer)
        around = [self.schemas.without(node, "$ref", "allOf") for _, node in self.branch.around]
        return {"allOf": [own, *around]} if around else own

    def payload(self) -> tuple[bool, bool, list[Pointer]]:
        """Whether `data` is JSON, whether its schema is an object's, and where the payload's schemas stand."""
        keywords = {key for _, node in self.data for key in node}
        types = {str(type_) for _, node in self.data for type_ in _as_list(node.get("type"))}
        constants = [node["const"] for _, node in self.data if "const" in node]
        text = "string" in types or bool(keywords & STRING_KEYWORDS) or any(isinstance(c, str) for c in constants)
        if not text and (types or constants or keywords & JSON_KEYWORDS):
            self.report.note(
                "data.object",
                self.data[0][0],
                "the schema of `data` is not a string's; the field is parsed as JSON first",
                "OpenAPI 3.2 describes it as a string with contentMediaType and contentSchema",
            )
            return True, True, [at for at, _ in self.data]
        content = [(*at, "contentSchema") for at, node in self.data if "contentSchema" in node]
        media = next((str(node["contentMediaType"]) for _, node in self.data if "contentMediaType" in node), None)
        is_json = bool(content) if media is None else _is_json(media)
        return is_json, False, content if is_json else []

    def constants(self, payload: Iterable[Place]) -> Iterator[tuple[tuple[str, ...], Any]]:
        for _, schema in payload:
            for key, member in _properties(schema).items():
                if isinstance(member, dict) and "const" in member:
                    yield (key,), member["const"]

    def names(self, types: frozenset[str] | None, inside: list[Place]) -> list[tuple[str, frozenset[str] | None]]:
        """The symbols of this branch, each with its event types."""
        own = next((str(node["x-symbol"]) for _, node in self.own if "x-symbol" in node), None)
        if own is not None:
            return [(own, types)]
        named = self.names_inside(inside)
        if named:
            return [(name, types) for name in named]
        if types:
            return [(type_, frozenset({type_})) for type_ in sorted(types)]
        component = self.component()
        if component is not None:
            return [(component, types)]
        if not self.alone:
            self.report.error(
                "symbols.unnamed",
                self.branch.pointer,
                "this alternative has no name: neither x-symbol, nor a constant event type, nor a component's name",
                "add `x-symbol: NAME` to it, or move it to components/schemas",
            )
        return [("message", types)]

    def names_inside(self, places: list[Place]) -> list[str]:
        """The constant, or the enumerated values, at the place in the payload that names the event."""
        if self.naming is None:
            return []
        for key in self.naming:
            places = [
                place
                for at, node in places
                if key in _properties(node)
                for place in conjuncts(self.document, (*at, "properties", key))
            ]
        for _, node in places:
            values = [node["const"]] if "const" in node else _as_list(node.get("enum"))
            if values:
                return [value for value in values if isinstance(value, str)]
        return []

    def component(self) -> str | None:
        """The name of the component that this branch refers to, or is."""
        for pointer, _ in reversed(self.own[:2]):
            if len(pointer) == 3 and pointer[:2] == ("components", "schemas"):
                return str(pointer[2])
        return None


def check_ambiguity(alternatives: list[Alternative], report: Report, pointer: Pointer) -> None:
    """Report alternatives of one event type that an event may fit both of: the first that validates wins."""
    for first, second in combinations(alternatives, 2):
        if first.symbol == second.symbol or not _share_a_type(first, second) or _told_apart(first, second):
            continue
        same = first.payload_schema == second.payload_schema and first.parses_json == second.parses_json
        severity = (
            Severity.ERROR
            if same and first.schema.get("required") == second.schema.get("required")
            else Severity.WARNING
        )
        report.add(
            "symbols.ambiguous",
            pointer,
            f"an event may be both {first.symbol!r} and {second.symbol!r}; {first.symbol!r} always wins"
            if severity is Severity.ERROR
            else f"an event may fit both {first.symbol!r} and {second.symbol!r}; the first that validates wins",
            "give them different event types, or payload members with different `const`, or name them by `symbol:`",
            severity,
        )


def _share_a_type(first: Alternative, second: Alternative) -> bool:
    if first.event_types is None or second.event_types is None:
        return True
    return bool(first.event_types & second.event_types)


def _told_apart(first: Alternative, second: Alternative) -> bool:
    """Whether no event can be both: JSON against a constant that is none, or a member with different constants."""
    if first.parses_json != second.parses_json:
        return True
    one, other = dict(first.constants), dict(second.constants)
    if any(one[path] != other[path] for path in one.keys() & other.keys()):
        return True
    data = [_properties(alternative.schema).get("data") for alternative in (first, second)]
    constants = [schema.get("const") if isinstance(schema, dict) else None for schema in data]
    return None not in constants and constants[0] != constants[1]


def _properties(node: Mapping[str, Any]) -> Mapping[str, Any]:
    properties = node.get("properties")
    return properties if isinstance(properties, dict) else {}


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _is_json(media_type: str) -> bool:
    essence = media_type.split(";", 1)[0].strip().lower()
    return essence.endswith(("/json", "+json"))
