"""The standard part of a document: what OpenAPI itself asks for, by openapi-spec-validator.

Its schema of each version says what shape a document has; its keyword validators what a schema cannot say (the same
operationId twice, path parameters that nobody declares). The latter's errors come without a place; it is added here.
The document's own schemas are left to `schema_checks`: the keyword validators stop at the first error of each, and do
not look into request bodies and `itemSchema`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import jsonschema_rs

from streamcontract.contract.document import Document
from streamcontract.contract.problems import Pointer
from streamcontract.contract.references import EXTERNAL
from streamcontract.contract.report import Report
from streamcontract.contract.shape import Mistake, find_mistakes
from streamcontract.contract.tree import walk

__all__ = ["check_standard"]

NEWER = frozenset({"const", "contentEncoding", "contentMediaType", "contentSchema"})
"""Keywords of JSON Schema that OpenAPI 3.0 does not have. An event cannot be described without, so they are read."""

OBJECTS = {
    "callbacks": ("callbacks", "Callback"),
    "examples": ("example", "Example"),
    "headers": ("header", "Header"),
    "links": ("link", "Link"),
    "parameters": ("parameter", "Parameter"),
    "pathItems": ("path-item", "PathItem"),
    "paths": ("path-item", "PathItem"),
    "requestBodies": ("request-body", "RequestBody"),
    "responses": ("response", "Response"),
    "webhooks": ("path-item", "PathItem"),
}
"""What stands below a key, by its name in OpenAPI's schemas since 3.1, and in that of 3.0."""

_IN_SCHEMA = frozenset({"schema", "itemSchema", "schemas"})
_PARAMETER = re.compile(r"\{[^{}]+\}")
_BRACES = re.compile(r"[{}]")
_QUOTED = re.compile(r"'([^']*)'")


def check_standard(document: Document, report: Report) -> None:
    """Report what breaks OpenAPI's own rules."""
    wrong = _check_shape(document, report)
    wrong |= _check_templates(document, report)
    _check_keywords(document, report, wrong)


def _check_shape(document: Document, report: Report) -> bool:
    """The document, and each part of another file by itself, as what it is referred to for."""
    schema = _openapi_schema(document.version)
    parts: list[tuple[Pointer, Any, str]] = [((), _without_external(document.tree), "")]
    seen: set[Pointer] = set()
    wrong = False
    for start, value, definition in parts:
        for mistake in find_mistakes(_validator(document.version, definition), schema, value):
            pointer = start + mistake.pointer
            if pointer not in document.broken and pointer != ("openapi",):  # both told when the document was read
                wrong = True
                _tell(document, report, pointer, mistake)
        for target, name in _external_parts(document, value):
            if target not in seen:
                seen.add(target)
                parts.append((target, document.get(target), name))
    return wrong


def _tell(document: Document, report: Report, pointer: Pointer, mistake: Mistake) -> None:
    if document.version == (3, 0) and pointer[-1:] and pointer[-1] in NEWER:
        remedy = f"write openapi: 3.2.0, which has it; {mistake.remedy}"
        report.warning(f"openapi.{mistake.kind}", pointer, mistake.message, remedy)
    else:
        report.error(f"openapi.{mistake.kind}", pointer, mistake.message, mistake.remedy)


@lru_cache
def _openapi_schema(version: tuple[int, int]) -> dict[str, Any]:
    from openapi_spec_validator import schemas  # noqa: PLC0415 - a quarter of a second, which only lint needs to take

    return dict({(3, 0): schemas.schema_v30, (3, 1): schemas.schema_v31}.get(version, schemas.schema_v32))


@lru_cache
def _validator(version: tuple[int, int], definition: str) -> jsonschema_rs.Validator:
    """The validator for a whole document, or for one kind of object in it."""
    schema = _openapi_schema(version)
    if not definition:
        return jsonschema_rs.validator_for(schema)
    key = "definitions" if version == (3, 0) else "$defs"
    inner = {"$schema": schema["$schema"], key: schema[key], "allOf": [{"$ref": f"#/{key}/{definition}"}]}
    return jsonschema_rs.validator_for(inner)


def _external_parts(document: Document, value: Any) -> Iterator[tuple[Pointer, str]]:
    """What a part of the document refers to in other files, but for schemas; and what each is, in OpenAPI's schema."""
    for pointer, node in walk(value):
        above = pointer[-2] if len(pointer) > 1 else ""
        key = "requestBodies" if pointer[-1:] == ("requestBody",) else above
        if "$ref" in node and key in OBJECTS and _IN_SCHEMA.isdisjoint(pointer):
            target = document.target(node["$ref"])
            if target[:1] == (EXTERNAL,):
                yield target, OBJECTS[key][document.version == (3, 0)]


def _without_external(tree: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in tree.items() if key != EXTERNAL}


def _check_templates(document: Document, report: Report) -> bool:
    """Report paths whose braces do not match."""
    paths = document.tree.get("paths")
    halves = [path for path in (paths if isinstance(paths, dict) else ()) if _BRACES.search(_PARAMETER.sub("", path))]
    for path in halves:
        remedy = "write a parameter as {name}"
        report.error("openapi.path-template", ("paths", path), f"the braces of {path!r} do not match", remedy)
    return bool(halves)


def _check_keywords(document: Document, report: Report, wrong: bool) -> None:
    """What the keyword validators find. Where the shape is wrong they may fail themselves: that was told before."""
    from openapi_spec_validator import (  # noqa: PLC0415 - see above
        OpenAPIV30SpecValidator,
        OpenAPIV31SpecValidator,
        OpenAPIV32SpecValidator,
    )

    classes = {(3, 0): OpenAPIV30SpecValidator, (3, 1): OpenAPIV31SpecValidator, (3, 2): OpenAPIV32SpecValidator}
    base = classes[document.version]
    failures: list[tuple[Pointer, str]] = []
    located = {name: _located(class_, failures) for name, class_ in base.keyword_validators.items()}
    validator = type("Located", (base,), {"keyword_validators": located})(document.tree)
    for error in validator.root_validator(validator.schema_path):
        at = tuple(error.path)
        _DESCRIBE.get(type(error).__name__, _describe_other)(document, report, at, error.message)
    for at, reason in failures if not wrong else ():
        report.warning("openapi.unchecked", at, f"this part could not be checked: {reason}", "look for a mistake in it")


def _located(class_: Any, failures: list[tuple[Pointer, str]]) -> Any:
    """A keyword validator whose errors have a path, and which gives up on its own part only."""
    from jsonschema_path.paths import SchemaPath  # noqa: PLC0415 - see above

    class Located(class_):  # type: ignore[misc]
        def __call__(self, *arguments: Any, **named: Any) -> Iterator[Any]:
            at = next(argument.parts for argument in arguments if isinstance(argument, SchemaPath))
            try:
                for error in super().__call__(*arguments, **named):
                    if not error.path:
                        error.path.extend(at)
                    yield error
            except Exception as error:  # anything may happen in it, as it expects the shape to be right
                failures.append((at, f"{type(error).__name__}: {error}"))

    return Located if class_.__name__ not in _OURS else _Nothing


_OURS = frozenset(f"OpenAPIV{version}SchemaValidator" for version in ("30", "31", "32"))


class _Nothing:
    """In place of the validator of schemas, which `schema_checks` does better."""

    def __init__(self, registry: object) -> None:
        """Take what the others take."""

    def __call__(self, *arguments: object, **named: object) -> tuple[()]:
        return ()


def _duplicate_id(document: Document, report: Report, at: Pointer, message: str) -> None:
    id_ = document.get(at)["operationId"]
    report.error(
        "operation.duplicate-id",
        (*at, "operationId"),
        f"another operation is called {id_!r}",
        "give each a name of its own",
    )


def _path_parameter(document: Document, report: Report, at: Pointer, message: str) -> None:
    """Told of the path, or of the parameter: once, and not once for each operation."""
    name = _QUOTED.findall(message)[0]
    if f"{{{name}}}" not in str(at[1]):
        pointer = next(_parameters_called(document, at, name), at)
        remedy = f"write {{{name}}} into the path, or take the parameter out"
        report.error("operation.unused-parameter", pointer, f"the path has no {{{name}}} for this parameter", remedy)
    elif not any(pointer[-2:-1] == ("parameters",) and pointer[:2] == at[:2] for pointer in document.broken):
        remedy = f"add it to `parameters`: {{name: {name}, in: path, required: true, schema: {{type: string}}}}"
        report.error(
            "operation.undeclared-parameter", at[:2], f"no parameter declares the {{{name}}} of this path", remedy
        )


def _parameters_called(document: Document, at: Pointer, name: str) -> Iterator[Pointer]:
    """The path parameters of this name, of an operation and of its path."""
    path = document.resolve(at[:2])[0]
    for holder in ((*path, *at[2:]), path):
        parameters = document.get(holder).get("parameters")
        for index in range(len(parameters) if isinstance(parameters, list) else 0):
            pointer, parameter = document.resolve((*holder, "parameters", index))
            if isinstance(parameter, dict) and (parameter.get("name"), parameter.get("in")) == (name, "path"):
                yield pointer


def _duplicate_parameter(document: Document, report: Report, at: Pointer, message: str) -> None:
    name = _QUOTED.findall(message)[0]
    report.error("operation.duplicate-parameter", at, f"the parameter {name!r} is here twice", "keep one of them")


def _describe_other(document: Document, report: Report, at: Pointer, message: str) -> None:
    report.error("openapi.rule", at, message.split("\n", 1)[0], "correct this part")


_DESCRIBE: Mapping[str, Callable[[Document, Report, Pointer, str], None]] = {
    "DuplicateOperationIDError": _duplicate_id,
    "UnresolvableParameterError": _path_parameter,
    "ParameterDuplicateError": _duplicate_parameter,
}
