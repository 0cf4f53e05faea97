"""Events to bytes, in a way that no content can turn one event into another, or into two."""

import math
from functools import lru_cache
from typing import Any

import msgspec

from streamcontract.wire.events import LONGEST_RETRY, Event

__all__ = ["EncodingError", "encode", "encode_comment"]

_to_json = msgspec.json.Encoder().encode


class EncodingError(ValueError):
    """An event cannot be sent as it is. Whoever made the event is at fault; `field` names the field."""

    def __init__(self, field: str, problem: str) -> None:
        self.field = field
        super().__init__(f"{field}: {problem}")


def encode(event: Event) -> bytes:
    """The bytes of one event, with the blank line that ends it.

    A string in `data` is sent as it is, each of its lines as a field of its own. A client puts the lines together with
    LF, so that a CR or CR LF comes back as LF: an event stream cannot carry a CR. Anything else in `data` is sent as
    JSON on one line; empty data is still sent, as clients drop an event without a data field.

    Raises EncodingError, which names the field: a line break in `event` or `id`, NUL in `id` (clients ignore such an
    id), a `retry` that is not a number of milliseconds, data that JSON cannot express (NaN, unknown types), and text
    that UTF-8 cannot (lone surrogates).
    """
    data = event.data
    body = _text("data", data) if isinstance(data, str) else _json(data)
    if b"\n" in body or b"\r" in body:  # in JSON too: msgspec.Raw is sent as it is
        body = _prefixed(b"data: ", body)
    head = b"" if event.event is None else _event_line(event.event)
    if event.id is None and event.retry is None:
        return b"%bdata: %b\n\n" % (head, body)
    return b"%b%b%bdata: %b\n\n" % (head, _id_line(event.id), _retry_line(event.retry), body)


def encode_comment(text: str) -> bytes:
    """The bytes of a comment, which clients ignore; of several, when the text has several lines.

    A blank line follows, so that the stream is well-formed if it ends there; it dispatches nothing between events.
    """
    return b": %b\n\n" % _prefixed(b": ", _text("comment", text))


def _prefixed(prefix: bytes, lines: bytes) -> bytes:
    """The lines, with the prefix before each but the first, and LF between them."""
    return lines.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\n" + prefix)


def _event_line(type_: object) -> bytes:
    if not isinstance(type_, str):
        raise _not_a_string("event", type_)
    return _checked_event_line(type_)


@lru_cache(maxsize=128)  # a stream sends few types, again and again: each is checked once
def _checked_event_line(type_: str) -> bytes:
    return b"event: %b\n" % _one_line("event", type_)


def _id_line(id_: object) -> bytes:
    if id_ is None:
        return b""
    if not isinstance(id_, str):
        raise _not_a_string("id", id_)
    if "\0" in id_:
        raise EncodingError("id", f"{_shown(id_)} has a NUL in it, and clients ignore such an id")
    return b"id: %b\n" % _one_line("id", id_)


def _retry_line(retry: object) -> bytes:
    if retry is None:
        return b""
    if not isinstance(retry, int) or isinstance(retry, bool) or not 0 <= retry <= LONGEST_RETRY:
        raise EncodingError("retry", f"{_shown(retry)} is not a whole number of milliseconds from 0 to {LONGEST_RETRY}")
    return b"retry: %d\n" % retry


def _not_a_string(field: str, value: object) -> EncodingError:
    return EncodingError(field, f"{_shown(value)} is not a string; give a str, or None to leave the field out")


def _one_line(field: str, text: str) -> bytes:
    if "\n" in text or "\r" in text:
        raise EncodingError(field, f"{_shown(text)} has a line break in it, which would end the field; take it out")
    return _text(field, text)


def _text(field: str, text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        place = f"character {error.start} of {_shown(text)}"
        raise EncodingError(field, f"{place} is half of a surrogate pair, which UTF-8 cannot express") from None


def _json(data: Any) -> bytes:
    """Compact JSON."""
    try:
        body = _to_json(data)
        # msgspec writes NaN and the infinities as null, silently: where there is a null, look for them.
        if b"null" in body and _has_non_finite(msgspec.to_builtins(data, enc_hook=_opaque)):
            raise EncodingError("data", "NaN and infinity are not JSON; send null or a string instead")
    except EncodingError:
        raise
    except RecursionError:
        raise EncodingError("data", "it is nested too deeply, or contains itself") from None
    except (TypeError, ValueError, OverflowError, msgspec.MsgspecError) as error:
        raise EncodingError("data", f"it cannot be sent as JSON: {error}") from error
    return body


def _opaque(_: object) -> None:
    """What msgspec.to_builtins has no form for, but the encoder has: msgspec.Raw, which is text already."""


def _has_non_finite(data: Any) -> bool:
    if isinstance(data, dict):
        return any(_has_non_finite(value) for value in data.values())
    if isinstance(data, list | tuple):
        return any(_has_non_finite(value) for value in data)
    return isinstance(data, float) and not math.isfinite(data)


def _shown(value: object) -> str:
    try:
        shown = repr(value)
    except ValueError:  # an int of thousands of digits
        return "a number of thousands of digits"
    return shown if len(shown) <= 80 else f"{shown[:77]}..."
