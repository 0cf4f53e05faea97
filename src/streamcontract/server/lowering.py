"""OpenAPI 3.1 and 3.2 become the 3.0 document by which connexion routes, secures and splits parameters.

Only what connexion needs is in it: paths, parameters, bodies by media type, security. Values are checked against the
original schemas (`parameters`, `bodies`), events against the contract (`guard`); responses, links, examples, callbacks,
webhooks and tags have no part in serving. What has one and cannot be expressed is an error, with its place.
All contracts become one document, as connexion 3.3 loses the second of three on one base path.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from streamcontract.contract.model import Contract, Operation
from streamcontract.contract.problems import ContractError, Pointer, Problem
from streamcontract.contract.report import Report
from streamcontract.contract.schemas import Schemas
from streamcontract.server.bodies import Body
from streamcontract.server.inputs import InputReader
from streamcontract.server.parameters import Parameter
from streamcontract.server.security import anonymous_scheme, lower_scheme

__all__ = ["Lowered", "LoweredOperation", "lower"]

METHODS = frozenset({"GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE"})
"""What OpenAPI 3.0 knows, and connexion routes."""

_TEMPLATE = re.compile(r"\{([^}]*)\}")
_ROUTABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


@dataclass(frozen=True, slots=True, eq=False)
class LoweredOperation:
    """One operation of the lowered document; `key` is its operationId there, `path` begins with the server's path.

    `number` is its contract's, `schemes` are the kinds of security schemes that it asks for.
    """

    key: str
    number: int
    operation: Operation
    path: str
    parameters: tuple[Parameter, ...]
    body: Body | None
    schemes: frozenset[str]


@dataclass(frozen=True, slots=True, eq=False)
class Lowered:
    """The document for connexion, and the operations in it."""

    document: dict[str, Any]
    operations: tuple[LoweredOperation, ...]


def lower(contracts: Sequence[Contract]) -> Lowered:
    """Lower some contracts into one document. Raises ContractError with everything that cannot be."""
    problems: list[Problem] = []
    schemes: dict[str, Any] = {}
    found: list[tuple[LoweredOperation, dict[str, Any]]] = []
    for number, contract in enumerate(contracts):
        lowerer = _Lowerer(number, contract, Report(contract.document, problems))
        found += lowerer.run()
        schemes |= lowerer.schemes
    _refuse_doubles([operation for operation, _ in found], problems)
    if problems:
        raise ContractError(problems)
    paths: dict[str, dict[str, Any]] = {}
    for operation, node in sorted(found, key=lambda pair: _specificity(pair[0].path)):
        paths.setdefault(operation.path, {})[operation.operation.method.lower()] = node
    document = {
        "openapi": "3.0.3",
        "info": {"title": "streamcontract", "version": "1"},
        "paths": paths,
        "components": {"securitySchemes": schemes},
    }
    return Lowered(document, tuple(operation for operation, _ in found))


class _Lowerer:
    """Lowers one contract; `schemes` are the security schemes that its operations ask for."""

    def __init__(self, number: int, contract: Contract, report: Report) -> None:
        self.number, self.contract, self.report = number, contract, report
        self.document = contract.document
        self.inputs = InputReader(self.document, Schemas(self.document), report)
        self.schemes: dict[str, dict[str, Any]] = {}
        self.kinds: dict[str, str] = {}

    def run(self) -> Iterator[tuple[LoweredOperation, dict[str, Any]]]:
        """All operations, with their Operation Objects."""
        self._refuse_additional_operations()
        for operation in self.contract.operations.values():
            if operation.method not in METHODS:
                remedy = "use POST; OpenAPI 3.0, by which connexion serves, does not have this method"
                self._error(operation.pointer, f"the method {operation.method} cannot be served", remedy)
            elif not isinstance(operation.definition.get("operationId"), str):
                remedy = "add operationId: it names the handler's function"
                self._error(operation.pointer, "an operation without operationId has no handler", remedy)
            else:
                yield self._operation(operation)

    def _operation(self, operation: Operation) -> tuple[LoweredOperation, dict[str, Any]]:
        parameters = tuple(self.inputs.parameters(operation))
        body = self.inputs.body(operation)
        security = list(self._security(operation))
        node: dict[str, Any] = {
            "operationId": f"{self.number}:{operation.id}",
            "parameters": [p.lowered() for p in parameters if p.location in ("query", "path")],
            "responses": {"default": {"description": "see the contract"}},
            "security": security,
        }
        if body is not None:
            # With an empty schema, connexion would not call the validator at all.
            content = {media_type: {"schema": {"x-original": True}} for media_type in body.contents}
            node["requestBody"] = {"required": body.required, "content": content}
        return LoweredOperation(
            key=node["operationId"],
            number=self.number,
            operation=operation,
            path=self._base_path(operation) + self._path(operation),
            parameters=parameters,
            body=body,
            schemes=frozenset(
                self.kinds[name] for alternative in security for name in alternative if name in self.kinds
            ),
        ), node

    def _security(self, operation: Operation) -> Iterator[dict[str, list[str]]]:
        """The alternatives of which a request must satisfy one; an empty one lets everybody in."""
        listed = operation.definition.get("security", self.document.tree.get("security", []))
        # The empty one comes last, so that credentials are looked at where there are some.
        for alternative in sorted(listed, key=lambda alternative: not alternative):
            names = {self._scheme(name): list(scopes) for name, scopes in alternative.items()}
            if None not in names:
                yield {name: scopes for name, scopes in names.items() if name is not None} or {self._anonymous(): []}

    def _anonymous(self) -> str:
        name = f"a{self.number}"
        self.schemes[name] = anonymous_scheme(self.number)
        return name

    def _scheme(self, name: str) -> str | None:
        """The name that a scheme has in the lowered document; None, reported, when it cannot be checked."""
        lowered_name = f"s{self.number}-{name}"
        if lowered_name in self.schemes:
            return lowered_name
        place, scheme = self.document.resolve(("components", "securitySchemes", name))
        lowered = lower_scheme(scheme, self.number)
        if lowered is None:
            what = scheme.get("scheme") if scheme.get("type") == "http" else scheme.get("type")
            remedy = "use http bearer or basic, apiKey, oauth2 or openIdConnect; leave others to a proxy in front"
            self._error(place, f"the security scheme {name!r} ({what}) cannot be checked here", remedy)
            return None
        self.kinds[lowered_name], self.schemes[lowered_name] = lowered
        return lowered_name

    def _base_path(self, operation: Operation) -> str:
        """The path of the server that an operation is at: of its own `servers`, its path's, or the document's."""
        item = self.document.get(operation.pointer[:-1])
        listed = (node.get("servers") for node in (operation.definition, item, self.document.tree))
        server: Mapping[str, Any] = next((servers[0] for servers in listed if servers), {})
        variables: Mapping[str, Any] = server.get("variables", {})
        url = _TEMPLATE.sub(lambda match: str(variables.get(match[1], {}).get("default", "")), server.get("url", ""))
        return urlsplit(url).path.rstrip("/")

    def _path(self, operation: Operation) -> str:
        for name in _TEMPLATE.findall(operation.path):
            if not _ROUTABLE.fullmatch(name):
                remedy = "use letters, digits, _ and - only"
                self._error(operation.pointer[:-1], f"the path parameter {name!r} cannot be routed", remedy)
        return operation.path

    def _refuse_additional_operations(self) -> None:
        for path in self.document.tree.get("paths", {}):
            at, item = self.document.resolve(("paths", path))
            if isinstance(item, dict) and item.get("additionalOperations"):
                remedy = "use one of the methods that OpenAPI 3.0 has"
                self._error((*at, "additionalOperations"), "additionalOperations cannot be served", remedy)

    def _error(self, at: Pointer, message: str, remedy: str) -> None:
        self.report.error("serve.unsupported", at, message, remedy)


def _refuse_doubles(operations: Sequence[LoweredOperation], problems: list[Problem]) -> None:
    """No two contracts may answer the same requests."""
    first: dict[tuple[str, str], LoweredOperation] = {}
    for lowered in operations:
        key = lowered.operation.method, _TEMPLATE.sub("{}", lowered.path)
        other = first.setdefault(key, lowered)
        if other is not lowered:
            message = f"{key[0]} {lowered.path} is served already, by {other.operation.location}"
            remedy = "give one of the contracts another path under `servers`"
            problems.append(Problem("serve.double", lowered.operation.location, message, remedy))


def _specificity(path: str) -> list[tuple[bool, str]]:
    """Sorts concrete paths before templated ones, as OpenAPI asks."""
    return [("{" in segment, segment) for segment in path.split("/")]
