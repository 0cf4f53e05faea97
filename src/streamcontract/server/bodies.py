"""Request bodies: read within limits, parsed once, held to the original schema.

Connexion's own validator would build a draft 4 validator for every request, let NaN in, answer an unknown charset or
deeply nested JSON by 500, and take a body without Content-Length for a missing one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import anyio
import anyio.lowlevel
import msgspec
from connexion.datastructures import MediaTypeDict
from connexion.utils import is_json_mimetype
from connexion.validators import AbstractRequestBodyValidator
from starlette.types import Receive, Scope

from streamcontract.contract.schemas import Invalid, Validator
from streamcontract.contract.written import shorten
from streamcontract.server.call import Call
from streamcontract.server.parameters import MISSING
from streamcontract.server.problems import Problem
from streamcontract.server.turns import LARGE, decode_in_turns

__all__ = ["Body", "BodyValidator", "Content", "is_json"]

CHARSETS = frozenset({"", "utf-8", "utf8", "us-ascii"})
"""JSON that systems exchange is UTF-8: https://www.rfc-editor.org/rfc/rfc8259#section-8.1"""


@dataclass(frozen=True, slots=True, eq=False)
class Content:
    """One media type that a body may have."""

    media_type: str
    validator: Validator | None

    async def parse(self, data: bytes) -> Any:
        """The value of a body: JSON is parsed, text decoded, anything else left as it is. Raises Problem."""
        try:
            if is_json(self.media_type):
                return await decode_in_turns(data)
            return data.decode() if self.media_type.startswith("text/") else data
        except RecursionError:
            raise Problem(400, "the body's JSON is nested too deeply") from None
        except UnicodeDecodeError as error:
            raise Problem(400, f"the body is not UTF-8: {error.reason} at byte {error.start}") from None
        except msgspec.DecodeError as error:
            raise Problem(400, f"the body is not JSON: {error}") from None

    def check(self, value: Any) -> None:
        """Hold a body to its schema. Raises Problem, which names each place that is wrong."""
        if self.validator is None or self.validator.is_valid(value):
            return
        errors = [_error(error) for error in self.validator.errors(value)]
        first = errors[0]
        where = f" at {first['pointer']}" if first["pointer"] != "#" else ""
        raise Problem(400, f"{first['detail']}{where}", errors=errors)


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """What a contract says of an operation's request body; `argument` is what it is called in Python."""

    argument: str
    required: bool
    contents: Mapping[str, Content]
    default: Any = MISSING

    def content(self, media_type: str) -> Content:
        """The description of a media type; of the first one when the request named none."""
        found = MediaTypeDict(self.contents).get(media_type) if media_type else None
        return found or next(iter(self.contents.values()))


class BodyValidator(AbstractRequestBodyValidator):  # type: ignore[misc] # connexion has no types
    """Takes the place of connexion's for all media types; the value goes into the call, where the handler gets it."""

    async def wrap_receive(self, receive: Receive, *, scope: Scope) -> tuple[Receive, Scope]:
        """Read, parse and check the body. Raises Problem."""
        call = Call.of(scope)
        body = call.binding.body if call.binding else None
        if body is None:
            return receive, scope
        media_type, charset = _content_type(call.headers.get("content-type", ""))
        content = body.content(media_type)
        if charset not in CHARSETS:
            raise Problem(415, f"the charset {shorten(charset, 40)} is not supported; send UTF-8")
        if call.headers.get("content-encoding", "identity").lower() != "identity":
            raise Problem(415, "encoded bodies are not supported", headers={"Accept-Encoding": "identity"})
        data = await _read(receive, call.runtime.settings.body_seconds)
        call.body_checked = True
        if data:
            call.body = await content.parse(data)
            if len(data) > LARGE:
                await anyio.lowlevel.checkpoint()
            content.check(call.body)
            call.arguments[body.argument] = call.body
        elif body.required:
            raise Problem(400, "the request has no body, and it needs one")
        elif body.default is not MISSING:
            call.arguments[body.argument] = body.default
        return receive, scope


def is_json(media_type: str) -> bool:
    """Whether a media type is JSON by its name."""
    return media_type.count("/") == 1 and bool(is_json_mimetype(media_type))


async def _read(receive: Receive, seconds: float) -> bytes:
    parts: list[bytes] = []
    with anyio.move_on_after(seconds) as scope:
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Problem(400, "the client left before its body was whole")
            parts.append(message.get("body", b""))
            if not message.get("more_body", False):
                return b"".join(parts)
    assert scope.cancelled_caught  # noqa: S101 - the loop is left by return, raise or the limit
    raise Problem(408, f"the body took longer than {seconds:g} s", headers={"Connection": "close"})


def _content_type(header: str) -> tuple[str, str]:
    """The media type and its charset, in lower case."""
    media_type, *parameters = (part.strip().lower() for part in header.split(";"))
    charsets = (part.partition("=")[2].strip(' "') for part in parameters if part.startswith("charset"))
    return media_type, next(charsets, "")


def _error(error: Invalid) -> dict[str, str]:
    """A pointer is written as a URI's fragment, as RFC 9457 shows it."""
    return {"pointer": shorten(f"#{error.value_at}"), "detail": error.message}
