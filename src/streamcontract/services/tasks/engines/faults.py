"""What can go wrong with a pool, and what a client is told of it.

| what | code | tried again | retriable |
|---|---|---|---|
| nobody there; a connection that breaks before the answer | POOL_UNAVAILABLE | yes | yes |
| no answer in time | POOL_UNAVAILABLE | no: the pool is busy, and would be asked twice | yes |
| an answer that breaks off before its end | WORKER_RESET | before the first token | yes |
| an answer that falls silent | WORKER_RESET | no | yes |
| an answer that is too long, or cannot be read | INTERNAL | no | no |
| a status other than 200, or an error inside the stream | see STATUSES | | |

A client reads our words. The pool's own reach it only where it says what is wrong with the job, cleaned and cut; the
rest is for the log.
"""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import httpx2
import msgspec

from streamcontract.services.outgoing import TooLongError
from streamcontract.services.tasks.engines.engine import EngineError

__all__ = ["STATUSES", "PoolError", "check_kind", "cut", "message_of", "of_error", "of_exception", "of_status"]

Code = Literal["INVALID_PARAMS", "POOL_UNAVAILABLE", "WORKER_RESET", "INTERNAL"]

REASON = 300
"""Characters of a pool's own words that a client may read."""

DETAIL = 500
"""Characters of them that are logged."""


class PoolError(EngineError):
    """A pool did not do the job; `again`: it may be asked once more, as long as there was no token."""

    def __init__(
        self,
        code: Code,
        message: str,
        why: str = "",
        *,
        retriable: bool = False,
        again: bool = False,
        retry_after_ms: int | None = None,
    ) -> None:
        super().__init__(code, message, why, retriable=retriable, retry_after_ms=retry_after_ms)
        self.again = again


class _Meaning(NamedTuple):
    code: Code
    message: str
    again: bool = False


_REFUSED = _Meaning("INVALID_PARAMS", "the engine refused the job")
_BUSY = _Meaning("POOL_UNAVAILABLE", "the pool is busy, or a limit is reached", again=True)
_KEY = _Meaning("POOL_UNAVAILABLE", "the pool did not accept the service's key")
_MOVED = _Meaning("POOL_UNAVAILABLE", "the pool is not where the service looks for it")
_FAILED = _Meaning("INTERNAL", "the engine failed", again=True)

STATUSES: Mapping[int, _Meaning] = {
    400: _REFUSED,
    401: _KEY,
    402: _KEY,
    403: _KEY,
    408: _BUSY,
    413: _REFUSED,
    422: _REFUSED,
    429: _BUSY,
    500: _FAILED,
    501: _Meaning("INTERNAL", "the engine cannot do this job"),
    502: _BUSY,
    503: _BUSY,
    504: _BUSY,
}
"""What a status means; any other: below 500 the pool is not what it should be, from there on the engine failed.

What may be tried again is also what a client may try again.
"""


def of_status(status: int, said: str, *, retry_after_ms: int | None = None, secret: str = "") -> PoolError:
    """The error for a status and what the pool said beside it."""
    meaning = STATUSES.get(status) or (_MOVED if status < 500 else _FAILED)
    said = _hidden(said, secret)
    words = _one_line(said) if meaning.code == "INVALID_PARAMS" else ""
    message = f"{meaning.message}: {words}" if words else meaning.message
    why = f"{meaning.message}: status {status}: {said[:DETAIL]}"
    return PoolError(
        meaning.code, message, why, retriable=meaning.again, again=meaning.again, retry_after_ms=retry_after_ms
    )


def of_error(error: Any, *, secret: str = "") -> PoolError:
    """The error for an error object inside a stream: by its `code`, which is a status where it is a number."""
    code = error.get("code") if isinstance(error, Mapping) else None
    return of_status(code if isinstance(code, int) and code >= 400 else 500, message_of(error), secret=secret)


def of_exception(error: Exception, *, begun: bool, secret: str = "") -> PoolError | None:  # noqa: PLR0911 - a table
    """The error for what httpx2 or a parser raised; `begun`: there was an answer. None: it is a mistake of ours."""
    why = _hidden(f"{type(error).__name__}: {error}", secret)[:DETAIL]
    match error:
        case httpx2.ConnectTimeout() | httpx2.ConnectError() | httpx2.ProxyError() | httpx2.PoolTimeout():
            return _unavailable("the pool could not be reached", why, again=True)
        case TimeoutError() | httpx2.TimeoutException() if begun:
            return PoolError("WORKER_RESET", "the engine fell silent", why, retriable=True)
        case TimeoutError() | httpx2.TimeoutException():
            return _unavailable("the pool did not answer in time", why, again=False)
        case httpx2.UnsupportedProtocol() | httpx2.DecodingError():
            return unreadable(why)
        case httpx2.HTTPError() if begun:
            return cut(why)
        case httpx2.HTTPError():
            return _unavailable("the pool closed the connection", why, again=True)
        case TooLongError():
            return PoolError("INTERNAL", "the engine's answer is too long", why)
        case ValueError() | msgspec.MsgspecError() | RecursionError():
            return unreadable(why)
    return None


def cut(why: str) -> PoolError:
    """The error for an answer that ended before its end."""
    return PoolError(
        "WORKER_RESET", "the engine was lost before the end of its answer", why, retriable=True, again=True
    )


def unreadable(why: str) -> PoolError:
    """The error for an answer that is none."""
    return PoolError("INTERNAL", "the engine's answer could not be read", why)


def check_kind(response: httpx2.Response) -> None:
    """Refuse an answer that is no event stream. Raises PoolError."""
    kind = response.headers.get("Content-Type", "none")
    if not kind.lower().startswith("text/event-stream"):
        message = "the pool answered with something other than a stream"
        raise PoolError("POOL_UNAVAILABLE", message, f"{message}: its content type is {kind[:100]}")


def message_of(error: Any) -> str:
    """What an error object, or an answer that wraps one, says; servers have several forms of it."""
    for _ in range(3):
        if not isinstance(error, Mapping):
            break
        found = [error[key] for key in ("error", "message", "detail") if error.get(key)]
        if not found:
            return ""
        error = found[0]
    return error if isinstance(error, str) else ""


def _unavailable(message: str, why: str, *, again: bool) -> PoolError:
    return PoolError("POOL_UNAVAILABLE", message, why, retriable=True, again=again)


def _one_line(said: str) -> str:
    """A pool's words in one line of printable characters, cut."""
    words = " ".join("".join(each if each.isprintable() else " " for each in said[: 4 * REASON]).split())
    return words if len(words) <= REASON else f"{words[: REASON - 1]}…"


def _hidden(said: str, secret: str) -> str:
    return said.replace(secret, "[key]") if secret else said
