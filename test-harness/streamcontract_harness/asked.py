"""The request that a response of a client library answers, as rules speak of it: operation, parameters, body."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from streamcontract import Contract, Operation, Request
from streamcontract_harness.exchange import SentRequest
from streamcontract_harness.header_values import ValueShape, shape_of
from streamcontract_harness.spoken import parsed

__all__ = ["operation_of", "request_of"]

PARAMETER = re.compile(r"\{([^{}/]+)\}")


def request_of(response: Any, contract: Contract, operation: str | None) -> SentRequest:
    """The request of a response. Raises TypeError when it has none, ValueError when the contract knows none such."""
    try:
        asked = response.request
        method, url, headers = str(asked.method).upper(), str(asked.url), dict(asked.headers)
    except (AttributeError, RuntimeError) as error:  # httpx: "The request instance has not been set on this response."
        raise TypeError(f"{type(response).__name__} is no response with a request: {error}") from None
    found = operation_of(contract, method, urlsplit(url).path, operation)
    names = {name.lower(): _text(value) for name, value in headers.items()}
    body = _body(asked)
    view = Request(
        method, url, _path(contract, found, url), _query(contract, found, url), names,
        None if body is None else parsed(body, names.get("content-type", "")),
    )  # fmt: skip
    pairs = tuple((name, _text(value)) for name, value in headers.items())
    return SentRequest(found.id, method, url, pairs, body, view)


def operation_of(contract: Contract, method: str, path: str, operation: str | None = None) -> Operation:
    """The operation with this method and path; a base path may stand before it. Raises ValueError."""
    if operation is not None:
        if operation not in contract.operations:
            raise ValueError(f"no operation {operation!r} in {contract.document.path}; there is: {_known(contract)}")
        named = contract.operations[operation]
        if named.method != method:
            raise ValueError(f"the request's method is {method}, and {operation} is {named.method} {named.path}")
        return named
    fitting: dict[tuple[int, int], list[Operation]] = {}
    for candidate in contract.operations.values():
        if candidate.method == method and (match := _pattern(candidate.path).fullmatch(path)):
            rank = (
                len(match["base"]),
                len(PARAMETER.findall(candidate.path)),
            )  # what is written out goes first (OpenAPI)
            fitting.setdefault(rank, []).append(candidate)
    best = fitting[min(fitting)] if fitting else []
    if len(best) != 1:
        what = "more than one operation fits" if best else "no operation fits"
        ids = ", ".join(found.id for found in best) or _known(contract)
        raise ValueError(f"{what} {method} {path}; name one by `operation`: {ids}")
    return best[0]


def _known(contract: Contract) -> str:
    return ", ".join(f"{id_} ({known.method} {known.path})" for id_, known in sorted(contract.operations.items()))


def _pattern(template: str) -> re.Pattern[str]:
    pieces = PARAMETER.split(template)
    written = "".join(re.escape(piece) if n % 2 == 0 else f"(?P<p{n}>[^/]+)" for n, piece in enumerate(pieces))
    return re.compile(rf"(?P<base>(?:/.*)?){written}")


def _path(contract: Contract, operation: Operation, url: str) -> dict[str, Any]:
    match = _pattern(operation.path).fullmatch(urlsplit(url).path)
    shapes = dict(_shapes(contract, operation, "path"))
    names = PARAMETER.findall(operation.path)
    return {
        name: shapes.get(name, ValueShape()).read(unquote(match[f"p{2 * n + 1}"])) for n, name in enumerate(names)
    } if match else {}  # fmt: skip


def _query(contract: Contract, operation: Operation, url: str) -> dict[str, Any]:
    """By name; what is repeated is a list where the contract has one, else its last value."""
    shapes = dict(_shapes(contract, operation, "query"))
    given: dict[str, list[str]] = {}
    for name, value in parse_qsl(urlsplit(url).query, keep_blank_values=True):
        given.setdefault(name, []).append(value)
    read: dict[str, Any] = {}
    for name, values in given.items():
        shape = shapes.get(name, ValueShape())
        read[name] = shape.read(",".join(values) if "array" in shape.kinds else values[-1])
    return read


def _shapes(contract: Contract, operation: Operation, place: str) -> Iterator[tuple[str, ValueShape]]:
    """What the operation's parameters of one place may stand for; its own come after the path's, and win."""
    for pointer in (operation.pointer[:-1], operation.pointer):
        holder = contract.document.get(pointer)
        listed = holder.get("parameters") if isinstance(holder, Mapping) else None
        for number in range(len(listed) if isinstance(listed, list) else 0):
            at, parameter = contract.document.resolve((*pointer, "parameters", number))
            if isinstance(parameter, Mapping) and parameter.get("in") == place:
                explode = parameter.get("explode", place == "query") is True
                yield str(parameter.get("name")), shape_of(contract, (*at, "schema"), explode=explode)


def _body(asked: Any) -> bytes | None:
    """None for none, and for one that was sent in parts and not kept."""
    try:
        body = asked.content if hasattr(asked, "content") else getattr(asked, "body", None)
    except Exception:  # httpx.RequestNotRead
        return None
    if isinstance(body, str):
        return body.encode()
    return body if isinstance(body, bytes) and body else None


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
