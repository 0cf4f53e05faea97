"""The provider for a machine without keys: a small reply that is the same every time, and says what it is.

So that a client can meet all that may happen, it heeds a few words in the last message of a user: `fetch URL` (each one
is a call of that tool, where it is offered), `say nothing`, `fail at once`, `fail midway`.
"""

import re
from collections.abc import AsyncGenerator, Sequence

import msgspec

from streamcontract.services.chat.providers.provider import (
    Completion,
    Message,
    ProviderError,
    Text,
    Tool,
    ToolRequest,
    Usage,
)

__all__ = ["Builtin"]

QUOTED = 80
FETCH = "fetch_url"
MOST_FETCHED = 8

_FETCH = re.compile(r"\bfetch\s+(https?://[^\s<>\"']+)", re.IGNORECASE)
_ASKED_TO_FAIL = "The built-in provider fails when it is asked to"


class Builtin:
    """Answers in place of the provider whose name it bears; asks nobody."""

    def __init__(self, name: str) -> None:
        self.name = name

    async def stream(self, completion: Completion) -> AsyncGenerator[Text | ToolRequest | Usage, None]:
        """The reply, a word at a time; a token is a word here. Raises ProviderError when it is asked to fail."""
        said, results = _last(completion.messages)
        asked = sum(len(message.content.split()) for message in completion.messages)
        requests = [] if results else _requests(said, completion.tools)
        for request in requests:
            yield request
        pieces = [] if requests or "say nothing" in said.lower() else self._pieces(said, results, completion.max_tokens)
        if not requests:
            if "fail at once" in said.lower():
                raise ProviderError(_ASKED_TO_FAIL, "it was asked to fail at once")
            midway = max(1, len(pieces) // 2) if "fail midway" in said.lower() else None
            for piece in pieces[:midway]:
                yield Text(piece)
            if midway:
                raise ProviderError(_ASKED_TO_FAIL, "it was asked to fail midway")
        yield Usage(input_tokens=asked, output_tokens=len(pieces))

    async def close(self) -> None:
        """Nothing is held."""

    def _pieces(self, said: str, results: int, most: int | None) -> list[str]:
        words = " ".join(said.split())
        quoted = words if len(words) <= QUOTED else words[: QUOTED - 1] + "…"
        told = f" {results} tools were called." if results else ""
        reply = f"This is the built-in provider; no model has read this.{told} In place of {self.name}, it repeats: "
        pieces = re.findall(r"\S+\s*", reply + quoted)
        return pieces[:most]


def _last(messages: Sequence[Message]) -> tuple[str, int]:
    """What the last message of a user says, and how many results of tools came after it."""
    results = 0
    for message in reversed(messages):
        if message.role == "user":
            return message.content, results
        results += message.role == "tool"
    return "", results


def _requests(said: str, tools: Sequence[Tool]) -> list[ToolRequest]:
    if FETCH not in {tool.name for tool in tools}:
        return []
    urls = [found.rstrip(".,;:!?)") for found in _FETCH.findall(said)][:MOST_FETCHED]
    return [
        ToolRequest(f"call_{number}", FETCH, msgspec.json.encode({"url": url}).decode())
        for number, url in enumerate(urls, 1)
    ]
