"""What a provider is: a model behind a network, that streams."""

from collections.abc import AsyncGenerator, Mapping
from typing import Any, Protocol

import msgspec

__all__ = ["Completion", "Message", "Provider", "ProviderError", "Text", "Tool", "ToolRequest", "Usage"]


class ToolRequest(msgspec.Struct, frozen=True):
    """A call of a tool that the model asks for; `arguments` is JSON text as the model wrote it."""

    id: str
    name: str
    arguments: str


class Message(msgspec.Struct, frozen=True):
    """One message of the conversation; `requests` on an assistant's, `request_id` on a tool's."""

    role: str  # system | user | assistant | tool
    content: str
    name: str | None = None
    requests: tuple[ToolRequest, ...] = ()
    request_id: str | None = None


class Tool(msgspec.Struct, frozen=True):
    """A tool that the model may call: `parameters` is a JSON Schema."""

    name: str
    description: str
    parameters: Mapping[str, Any]


class Completion(msgspec.Struct, frozen=True):
    """What is asked of a provider."""

    model: str
    messages: tuple[Message, ...]
    temperature: float | None = None
    max_tokens: int | None = None
    tools: tuple[Tool, ...] = ()


class Text(msgspec.Struct, frozen=True):
    """The next piece of the answer; never empty."""

    text: str


class Usage(msgspec.Struct, frozen=True):
    """Tokens of one call, where the provider tells."""

    input_tokens: int
    output_tokens: int


class ProviderError(Exception):
    """The provider failed. `str()` is for the log; `public` is what a client may be told."""

    def __init__(self, public: str, detail: str) -> None:
        super().__init__(detail)
        self.public = public


class Provider(Protocol):
    """A provider; closing the iterator aborts the call."""

    @property
    def name(self) -> str:
        """What it is called in a request."""

    def stream(self, completion: Completion) -> AsyncGenerator[Text | ToolRequest | Usage, None]:
        """The answer as it comes: an async generator, to be used with `aclosing()`. Raises ProviderError."""

    async def close(self) -> None:
        """Give back its connections."""
