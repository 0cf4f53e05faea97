"""What a tool is, to the toolbox."""

from typing import Any, Protocol

import msgspec

from streamcontract.services.chat.providers.provider import Tool

__all__ = ["Outcome", "Runnable", "ToolError"]


class ToolError(Exception):
    """The tool failed. The text is ours: the model and the client may read it."""


class Outcome(msgspec.Struct, frozen=True):
    """What a tool found: `content` for the model, `summary` in one sentence for a person."""

    content: str
    summary: str


class Runnable(Protocol):
    """A tool that can be called, with arguments that its schema has let pass."""

    @property
    def tool(self) -> Tool:
        """Its name, and what it takes."""

    async def run(self, args: dict[str, Any]) -> Outcome:
        """Call it. Raises ToolError."""
