"""What leads from one operation to another, `links` and `afterwards`: the operations and parameters that it names."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from streamcontract.contract.build import operations_of
from streamcontract.contract.document import Document
from streamcontract.contract.problems import Pointer
from streamcontract.contract.report import Report, did_you_mean
from streamcontract.contract.tree import walk

__all__ = ["check_links"]

PLACES = ("path", "query", "header", "cookie", "querystring")
EXPRESSION = re.compile(
    r"\$(?:url|method|statusCode"
    r"|(?:request|response)\.(?:header\.[!#$%&'*+.^_`|~0-9A-Za-z-]+|query\..+|path\..+|body(?:#(?:/.*)?)?))"
)
"""A runtime expression: https://spec.openapis.org/oas/v3.2.0.html#runtime-expressions"""
FORMS = "`$request.path.NAME`, `$request.query.NAME`, `$request.header.NAME`, `$request.body#/…`, `$response.body#/…`"

Parameters = Mapping[str, Collection[str]]
"""The names of an operation's parameters, by place."""


def check_links(document: Document, report: Report) -> None:
    """Report links to operations that there are none of, and names of parameters that their operation has not."""
    operations = {
        node["operationId"]: _parameters(document, pointer)
        for _, pointer, node in operations_of(document)
        if isinstance(node.get("operationId"), str)
    }
    for pointer, node in walk(document.tree):
        links = node.get("links")
        for name, link in links.items() if isinstance(links, dict) and pointer[:1] != ("components",) else ():
            if isinstance(link, dict):
                _check_link(document, report, operations, (*pointer, "links", name), link)
        extension = node.get("x-stream")
        afterwards = extension.get("afterwards") if isinstance(extension, dict) else None
        for index, entry in enumerate(afterwards if isinstance(afterwards, list) else ()):
            if isinstance(entry, dict) and isinstance(entry.get("operation"), str):
                at = (*pointer, "x-stream", "afterwards", index, "parameters")
                _check_names(report, operations.get(entry["operation"]), entry["operation"], at, entry)


def _check_link(
    document: Document, report: Report, operations: Mapping[str, Parameters], at: Pointer, link: Mapping[str, Any]
) -> None:
    target = link.get("operationId")
    if isinstance(target, str):
        if target not in operations:
            what = f"no operation is called {target!r}"
            report.error("link.unknown-operation", (*at, "operationId"), what, did_you_mean(target, operations))
        _check_names(report, operations.get(target), target, (*at, "parameters"), link)
    own = _parameters(document, at[:3]) if at[:1] == ("paths",) and len(at) > 4 else None
    for place, value in _expressions(link, at):
        if not EXPRESSION.fullmatch(value):
            report.error("link.wrong-expression", place, f"{value!r} is no runtime expression", f"write one of {FORMS}")
        elif own is not None and value.startswith("$request.path."):
            name = value.removeprefix("$request.path.")
            if name not in own["path"]:
                what = f"this operation has no path parameter {name!r}"
                report.warning("link.unknown-parameter", place, what, did_you_mean(name, own["path"]))


def _check_names(report: Report, known: Parameters | None, target: str, at: Pointer, holder: Mapping[str, Any]) -> None:
    """The keys of `parameters` are names, a link's also with the place in front: `path.id`."""
    given = holder.get("parameters")
    if known is None or not isinstance(given, dict):
        return
    everywhere = {name for names in known.values() for name in names}
    qualified = {f"{place}.{name}" for place, names in known.items() for name in names}
    for key in given:
        if key not in everywhere | qualified:
            remedy = did_you_mean(key, everywhere)
            report.warning("link.unknown-parameter", (*at, key), f"{target} has no parameter {key!r}", remedy)


def _expressions(link: Mapping[str, Any], at: Pointer) -> Iterator[tuple[Pointer, str]]:
    """The texts of a link that are meant as runtime expressions, by the `$` that they begin with."""
    parameters = link.get("parameters")
    for name, value in parameters.items() if isinstance(parameters, dict) else ():
        if isinstance(value, str) and value.startswith("$"):
            yield (*at, "parameters", name), value
    body = link.get("requestBody")
    if isinstance(body, str) and body.startswith("$"):
        yield (*at, "requestBody"), body


def _parameters(document: Document, pointer: Pointer) -> Parameters:
    """The parameters of an operation and of its path."""
    found: dict[str, list[str]] = {place: [] for place in PLACES}
    for holder in (pointer, pointer[:-1]):
        given = document.get(holder).get("parameters")
        for index in range(len(given) if isinstance(given, list) else 0):
            _, parameter = document.resolve((*holder, "parameters", index))
            match parameter:
                case {"in": str(place), "name": str(name)} if place in found:
                    found[place].append(name)
    return found
