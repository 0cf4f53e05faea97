"""What the contract says about the answers of one operation: statuses, media types, headers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from streamcontract import Contract, Operation
from streamcontract.contract.problems import Pointer
from streamcontract.contract.schemas import Schemas, Validator
from streamcontract_harness.header_values import JSON_TEXT, ValueShape, shape_of

__all__ = ["Documented", "DocumentedHeader", "DocumentedResponse", "documented"]

TURNING_AWAY = (501, 503)
"""Server errors that say "not this method" and "not now"."""
BUSY = (409, 429)
"""What else says "not now"."""


@dataclass(frozen=True, slots=True)
class DocumentedHeader:
    """One response header; `shape` says how its text is read."""

    name: str
    required: bool
    shape: ValueShape
    validator: Validator | None

    def read(self, text: str) -> Any:
        """The header's text as a value that its schema speaks of; the text where it is none."""
        value = self.shape.read(text)
        if "string" in self.shape.kinds and self.validator is not None and not self.validator.is_valid(value):
            return text
        return value


@dataclass(frozen=True, slots=True)
class DocumentedResponse:
    """One response of the contract; no media types mean that it says nothing about a body."""

    status: str
    media_types: tuple[str, ...]
    headers: tuple[DocumentedHeader, ...]

    def allows(self, media_type: str) -> bool:
        """Whether an answer may have this media type; ranges such as `application/*` are understood."""
        main = media_type.partition("/")[0]
        return any(kind in (media_type, f"{main}/*", "*/*") for kind in self.media_types)


@dataclass(frozen=True, slots=True)
class Documented:
    """The responses of one operation, by the status as the contract writes it (`200`, `4XX`, `default`)."""

    operation: Operation
    responses: Mapping[str, DocumentedResponse]

    def find(self, status: int) -> DocumentedResponse | None:
        """The response that speaks of a status: the exact one, else its class, else the default."""
        names = (str(status), f"{status // 100}XX", f"{status // 100}xx", "default")
        return next((self.responses[name] for name in names if name in self.responses), None)

    def is_fault(self, status: int) -> bool:
        """Whether a status is a server error that is no answer to a right request.

        A 500 that the contract has, by `default` too, is a fault that it only admits; 501 and 503 need not be there.
        """
        return status == 500 or (status > 500 and status not in TURNING_AWAY and self.find(status) is None)

    def is_busy(self, status: int) -> bool:
        """Whether a status of the contract says nothing but that the server cannot serve this request now."""
        return self.find(status) is not None and (status in BUSY or status >= 500)

    def is_answer(self, status: int) -> bool:
        """Whether the contract names this very server error as an answer; a 500 is a fault that it only admits."""
        return status > 500 and self.is_literal(status)

    def is_literal(self, status: int) -> bool:
        """Whether the contract names this very status."""
        return str(status) in self.responses

    def expects_stream(self, status: int) -> bool:
        """Whether an answer of this status is the one that streams."""
        stream = self.operation.stream
        response = self.find(status)
        return stream is not None and response is not None and response.status == stream.status

    def is_stream(self, status: int, media_type: str) -> bool:
        """Whether an answer is the operation's stream."""
        stream = self.operation.stream
        wanted = stream.media_type.partition(";")[0].strip().lower() if stream else ""
        return self.expects_stream(status) and media_type == wanted


def documented(contract: Contract) -> dict[str, Documented]:
    """What a contract says about the answers of each of its operations."""
    schemas = Schemas(contract.document)
    return {id_: _operation(contract, schemas, operation) for id_, operation in contract.operations.items()}


def _operation(contract: Contract, schemas: Schemas, operation: Operation) -> Documented:
    responses = operation.definition.get("responses")
    found: dict[str, DocumentedResponse] = {}
    for status in responses if isinstance(responses, dict) else ():
        at, response = contract.document.resolve((*operation.pointer, "responses", status))
        content = response.get("content") if isinstance(response, dict) else None
        media_types = tuple(_bare(name) for name in content) if isinstance(content, dict) else ()
        headers = tuple(_headers(contract, schemas, at, response))
        found[str(status)] = DocumentedResponse(str(status), media_types, headers)
    return Documented(operation, found)


def _headers(contract: Contract, schemas: Schemas, at: Pointer, response: Any) -> Iterator[DocumentedHeader]:
    headers = response.get("headers") if isinstance(response, dict) else None
    for name in headers if isinstance(headers, dict) else ():
        if name.lower() == "content-type":
            continue  # "If a response header is defined with the name "Content-Type", it SHALL be ignored" (OpenAPI)
        pointer, header = contract.document.resolve((*at, "headers", name))
        if not isinstance(header, dict):
            continue
        required = header.get("required") is True
        if isinstance(header.get("schema"), dict):
            shape = shape_of(contract, (*pointer, "schema"), explode=header.get("explode") is True)
            yield DocumentedHeader(name.lower(), required, shape, schemas.at((*pointer, "schema")))
        else:
            yield DocumentedHeader(name.lower(), required, *_content(schemas, pointer, header))


def _content(schemas: Schemas, pointer: Pointer, header: Mapping[str, Any]) -> tuple[ValueShape, Validator | None]:
    """A header that is described by `content`: a text of that one media type."""
    content = header.get("content")
    for media_type, value in content.items() if isinstance(content, dict) else ():
        if isinstance(value, dict) and "schema" in value:
            shape = JSON_TEXT if _bare(media_type).endswith("json") else ValueShape()
            return shape, schemas.at((*pointer, "content", media_type, "schema"))
    return ValueShape(), None


def _bare(media_type: object) -> str:
    return str(media_type).partition(";")[0].strip().lower()
