"""The request that a stream answers, the head of the answer, and what led there: what rules can speak of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Linked", "Request", "Response"]


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request.

    `url` is what was asked for, whole where it is known. `path` holds the path's parameters by name, `query` the
    query's; the names in `headers` are lower-case. `body` is the parsed JSON, or the text, or None.
    """

    method: str = "GET"
    url: str = ""
    path: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None

    def scope(self) -> dict[str, Any]:
        """What expressions read of it."""
        return {
            "method": self.method,
            "path": dict(self.path),
            "query": dict(self.query),
            "headers": dict(self.headers),
            "body": self.body,
        }


@dataclass(frozen=True, slots=True)
class Response:
    """The head of an HTTP response; the names in `headers` are lower-case."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    def scope(self) -> dict[str, Any]:
        """What expressions read of it."""
        return {"status": self.status, "headers": dict(self.headers)}


@dataclass(frozen=True, slots=True)
class Linked:
    """The exchange whose OpenAPI link led to a request: what was asked of which operation, and what it answered.

    `body` is the answer's, as `Request` has its own; None where the answer was a stream.
    """

    operation: str
    request: Request
    response: Response
    body: Any = None

    def scope(self) -> dict[str, Any]:
        """What expressions read of it."""
        answer = {**self.response.scope(), "body": self.body}
        return {"operation": self.operation, "request": self.request.scope(), "response": answer}
