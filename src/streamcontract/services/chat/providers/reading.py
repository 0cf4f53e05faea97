"""What the readings of both formats share: the bounds of an answer, and text that every part after us can hold."""

from collections.abc import Iterator
from typing import Any, Protocol

from streamcontract.services.chat.providers.faults import TOO_LONG
from streamcontract.services.chat.providers.provider import ProviderError, Text, ToolRequest, Usage

__all__ = [
    "MAX_ARGUMENTS",
    "MAX_CALLS",
    "MAX_NAME",
    "MAX_TEXT",
    "MAX_TOKENS",
    "Item",
    "Pieces",
    "Reading",
    "clean",
    "too_long",
    "usage",
]

MAX_TEXT = 1_000_000
"""Characters of an answer; the longest that models write today are some 500,000."""

MAX_CALLS = 32
"""Tool calls of one answer."""

MAX_ARGUMENTS = 65_536
"""Characters of one tool call's arguments."""

MAX_NAME = 128
"""Characters of a tool's name, and of a call's id; what is longer is cut."""

MAX_TOKENS = 1_000_000_000
"""Tokens of a question or an answer; more, or fewer than none, is a mistake that must fit into a database too."""

Item = Text | ToolRequest | Usage


class Reading(Protocol):
    """Events in, items out; no I/O."""

    def feed(self, event: Any) -> Iterator[Item]:
        """What one event of the stream brings."""

    def end(self) -> Iterator[Item]:
        """What is known only at its end. Raises ProviderError when the answer is not whole."""


class Pieces:
    """The pieces of an answer's text.

    Half a surrogate pair (JSON can carry one, and servers that cut a text by UTF-16 units send two chunks with one
    each) waits for its other half.
    """

    def __init__(self) -> None:
        self._half = ""
        self._size = 0

    def feed(self, piece: str | None) -> Iterator[Text]:
        """The piece, unless nothing of it is left. Raises ProviderError past MAX_TEXT."""
        text = self._half + (piece or "")
        self._half = ""
        if text and "\ud800" <= text[-1] <= "\udbff":
            self._half, text = text[-1], text[:-1]
        yield from self._made(text)

    def end(self) -> Iterator[Text]:
        """A half that stayed alone."""
        yield from self._made(self._half)
        self._half = ""

    def _made(self, text: str) -> Iterator[Text]:
        self._size += len(text)
        if self._size > MAX_TEXT:
            raise too_long(f"more than {MAX_TEXT} characters")
        if text:
            yield Text(clean(text))


def clean(text: str) -> str:
    """Pairs of surrogates joined; one that stays alone, and the NUL that PostgreSQL refuses, become U+FFFD."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").replace("\0", "\ufffd")


def usage(asked: int, answered: int) -> Usage:
    """The usage, within bounds."""
    return Usage(*(min(max(count, 0), MAX_TOKENS) for count in (asked, answered)))


def too_long(what: str) -> ProviderError:
    """The error for an answer past one of the bounds."""
    return ProviderError(TOO_LONG, f"{TOO_LONG}: {what}")
