"""The provider for a machine without keys: a small reply that is the same every time, and says what it is."""

from collections.abc import AsyncGenerator

from streamcontract.services.chat.providers.provider import Completion, Text, Usage

__all__ = ["Builtin"]

QUOTED = 80


class Builtin:
    """Answers in place of the provider whose name it bears; asks nobody, and calls no tool."""

    def __init__(self, name: str) -> None:
        self.name = name

    async def stream(self, completion: Completion) -> AsyncGenerator[Text | Usage, None]:
        """The reply, a word at a time; a token is a word here."""
        said = next((message.content for message in reversed(completion.messages) if message.role == "user"), "")
        words = " ".join(said.split())
        quoted = words if len(words) <= QUOTED else words[: QUOTED - 1] + "…"
        reply = f"This is the built-in provider; no model has read this. In place of {self.name}, it repeats: {quoted}"
        pieces = [piece + " " for piece in reply.split()[: completion.max_tokens]]
        for piece in pieces[:-1]:
            yield Text(piece)
        yield Text(pieces[-1].rstrip())
        asked = sum(len(message.content.split()) for message in completion.messages)
        yield Usage(input_tokens=asked, output_tokens=len(pieces))

    async def close(self) -> None:
        """Nothing is held."""
