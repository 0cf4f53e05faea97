"""What can go wrong with a provider, and what a client is told of it."""

from collections.abc import Mapping
from dataclasses import dataclass

import httpx2
import msgspec

from streamcontract.services.chat.providers.provider import ProviderError
from streamcontract.services.outgoing import TooLongError

__all__ = ["CUT", "NOT_A_STREAM", "SLOW", "TOO_LONG", "UNREADABLE", "WITHHELD", "SdkErrors", "fault"]

SLOW = "the provider did not answer in time"
UNREACHABLE = "the provider could not be reached"
REFUSED = "the provider refused the request"
KEY = "the provider did not accept the service's key"
BUSY = "the provider is busy, or a limit is reached"
FAILED = "the provider failed"
CUT = "the provider's answer broke off"
NOT_A_STREAM = "the provider answered with something other than a stream"
UNREADABLE = "the provider's answer could not be read"
TOO_LONG = "the provider's answer is too long"
WITHHELD = "the provider withheld the answer"

STATUSES: Mapping[int, str] = {401: KEY, 402: BUSY, 403: KEY, 408: SLOW, 429: BUSY, 503: BUSY, 504: SLOW, 529: BUSY}
"""What a status means; any other: below 500 the request was refused, from there on the provider failed."""

KINDS: Mapping[str, str] = {
    "authentication_error": KEY,
    "permission_error": KEY,
    "billing_error": BUSY,
    "rate_limit_error": BUSY,
    "overloaded_error": BUSY,
    "timeout_error": SLOW,
    "invalid_request_error": REFUSED,
}
"""What an error that comes inside a stream, whose status is 200, means by its type."""

DETAIL = 500


@dataclass(frozen=True, slots=True)
class SdkErrors:
    """The errors of one SDK: `status` carries a status code, `connection` none."""

    any: type[Exception]
    status: type[Exception]
    timeout: type[Exception]
    connection: type[Exception]


def fault(error: Exception, sdk: SdkErrors, secret: str) -> ProviderError | None:
    """The error as a ProviderError without the key in it; None when it is not the provider's fault, but a bug."""
    if isinstance(error, sdk.connection) and isinstance(error.__cause__, Exception):
        error = error.__cause__  # what the SDK met; its own error says only "Connection error."
    public = _public(error, sdk)
    if public is None:
        return None
    said = f"{type(error).__name__}: {error}"
    detail = said.replace(secret, "[key]") if secret else said
    return ProviderError(public, f"{public}: {detail[:DETAIL]}")


def _public(error: Exception, sdk: SdkErrors) -> str | None:  # noqa: PLR0911 - a table by type, in its order
    match error:
        case TooLongError():
            return TOO_LONG
        case TimeoutError() | httpx2.TimeoutException() | sdk.timeout():
            return SLOW
        case httpx2.ConnectError() | httpx2.UnsupportedProtocol() | httpx2.ProxyError():
            return UNREACHABLE
        case httpx2.HTTPError() | sdk.connection():
            return CUT
        case sdk.status():
            return _of_status(error)
        case sdk.any():
            return _of_body(error) or FAILED
        case ValueError() | msgspec.MsgspecError() | RecursionError() | AttributeError() | TypeError() | KeyError():
            return UNREADABLE  # what the SDKs raise over JSON that is none, or has another form
    return None


def _of_status(error: Exception) -> str:
    status = int(getattr(error, "status_code", 0))
    if status < 400:  # the answer began well, and then an event said that it failed
        return _of_body(error) or FAILED
    return STATUSES.get(status) or (REFUSED if status < 500 else FAILED)


def _of_body(error: Exception) -> str | None:
    """By the `type` or the numeric `code` of the error object, which Anthropic wraps in another one."""
    body = getattr(error, "body", None)
    inner = body.get("error", body) if isinstance(body, Mapping) else None
    if not isinstance(inner, Mapping):
        return None
    code = inner.get("code")
    return KINDS.get(str(inner.get("type"))) or (STATUSES.get(code) if isinstance(code, int) else None)
