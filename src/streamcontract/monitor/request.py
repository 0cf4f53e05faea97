"""The request that a stream answers, and the head of the answer: what rules can speak of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Request", "Response"]


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
