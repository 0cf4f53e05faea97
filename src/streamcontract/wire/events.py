"""Events as a handler yields them and as a decoder finds them."""

from typing import Any

import msgspec

__all__ = ["LONGEST_RETRY", "Comment", "Event", "ReceivedEvent", "RetryField", "WireFault"]

LONGEST_RETRY = 2**63 - 1
"""The longest reconnection time that is sent or told apart, in milliseconds; the standard sets no limit."""


class Event(msgspec.Struct, frozen=True):
    """One event to be sent.

    `event` is its type, or None to send no `event` field. `data` is sent as it is when it is a string, and as JSON
    otherwise (a dict, a list, a msgspec Struct). `retry` is in milliseconds.
    """

    event: str | None
    data: Any
    id: str | None = None
    retry: int | None = None


class ReceivedEvent(msgspec.Struct, frozen=True, gc=False):
    """One event as it was received, with nothing filled in: a field that was not sent is None.

    `offset` and `end` are byte positions in the stream: of its first field line, and just behind the byte that ended
    it. That byte is the first of the blank line's end: the LF of a CR LF may be a chunk away, and is not waited for.
    `at` is when that byte arrived, in the feeder's seconds.
    """

    event: str | None
    data: str
    id: str | None
    retry: int | None
    offset: int
    end: int
    at: float | None


class Comment(msgspec.Struct, frozen=True, gc=False):
    """A comment line, which clients ignore: mostly a heartbeat."""

    text: str
    offset: int
    at: float | None


class RetryField(msgspec.Struct, frozen=True, gc=False):
    """A valid `retry` field, reported where it stands, as clients act on it even when no event is dispatched."""

    milliseconds: int
    offset: int
    at: float | None


class WireFault(msgspec.Struct, frozen=True, gc=False):
    """Bytes that a client loses or alters. `name` is the last part of the finding's id (`wire.<name>`)."""

    name: str
    offset: int
    at: float | None
    detail: str
