"""Answers that report a problem, as `application/problem+json` (RFC 9457) or in the shape that a service chooses.

https://www.rfc-editor.org/rfc/rfc9457
"""

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import msgspec
import structlog
from starlette.exceptions import HTTPException
from starlette.responses import Response

__all__ = [
    "PROBLEM_TYPE",
    "ErrorBody",
    "Problem",
    "internal_error",
    "new_reference",
    "problem_for",
    "problem_response",
    "stopping",
]

PROBLEM_TYPE = "application/problem+json"

log: Any = structlog.get_logger("streamcontract.server")

ErrorBody = Callable[["Problem"], tuple[Any, str]]
"""A service's own shape: a problem to a body, which is sent as JSON, and its media type."""


class Problem(Exception):  # noqa: N818 - the word of RFC 9457
    """Raised by a handler: the answer is this problem, or the failure event when the stream has begun already.

    `detail` is read by clients. `errors` name what is wrong one by one: `{"pointer": "#/chunks/0", "detail": …}`.
    Further keyword arguments become members of the answer.
    """

    def __init__(
        self,
        status: int,
        detail: str = "",
        *,
        title: str = "",
        type: str = "about:blank",  # noqa: A002 - the member's name
        errors: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> None:
        if not 400 <= status <= 599:
            raise ValueError(f"a problem has a status from 400 to 599, not {status}")
        self.status, self.detail, self.type = status, detail, type
        self.title = title or _phrase(status)
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.members = members
        super().__init__(detail or self.title)

    def body(self) -> dict[str, Any]:
        """The problem as RFC 9457 writes it."""
        made: dict[str, Any] = {"type": self.type, "title": self.title, "status": self.status}
        if self.detail:
            made["detail"] = self.detail
        if self.errors:
            made["errors"] = list(self.errors)
        return {**made, **self.members}


def new_reference() -> str:
    """An id by which a client's message and the log are brought together: 8 hexadecimal digits."""
    return uuid4().hex[:8]


def internal_error(what: str, error: Exception | None = None, **known: Any) -> Problem:
    """Log a fault of ours, and make the problem that tells a client no more than the log's reference."""
    reference = new_reference()
    log.error(what, reference=reference, exc_info=error, **known)
    return Problem(500, f"Internal error. Reference: {reference}")


def wrapped(error: BaseException) -> Exception:
    """The error, as an exception that can be answered: a cancelled task, a panic in an extension, an exit asked for."""
    if isinstance(error, Exception):
        return error
    made = RuntimeError(f"{type(error).__name__} was raised")
    made.__cause__ = error
    return made


def stopping() -> Problem:
    """What is said while the server stops."""
    return Problem(503, "The server is stopping; try again later", headers={"Retry-After": "5", "Connection": "close"})


def problem_for(error: Exception, what: str, **known: Any) -> Problem:
    """What a client is told of an error: its own words where it is meant for clients, else a reference to the log."""
    if isinstance(error, Problem):
        return error
    if not isinstance(error, HTTPException):
        return internal_error(what, error, **known)
    detail = error.detail if isinstance(error.detail, str) else ""
    title = getattr(error, "title", None) or ""  # connexion's have one
    # Starlette's default detail is the status' own phrase, which is the title already.
    shown = "" if detail == _phrase(error.status_code) else detail
    return Problem(error.status_code, shown, title=title, headers=error.headers)


def problem_response(problem: Problem, shape: ErrorBody | None = None) -> Response:
    """The answer for a problem, in the service's own shape where it has one."""
    body, media_type = shape(problem) if shape else (problem.body(), PROBLEM_TYPE)
    return Response(msgspec.json.encode(body), problem.status, headers=problem.headers, media_type=media_type)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"
