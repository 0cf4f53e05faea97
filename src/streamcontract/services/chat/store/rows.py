"""What goes into the store, and what comes out of it."""

import msgspec

__all__ = [
    "ChatError",
    "FullChatError",
    "GoneChatError",
    "Opened",
    "Row",
    "StoreError",
    "ToolRun",
    "UnknownChatError",
]


class Row(msgspec.Struct, frozen=True):
    """A message that a request brings; two are the same when all of this is."""

    role: str
    content: str
    name: str | None = None


class Opened(msgspec.Struct, frozen=True):
    """A call that has begun. The answer goes to `position`, which was kept for it. Times in milliseconds."""

    chat_id: str
    call_id: str
    position: int
    started_at: int


class ToolRun(msgspec.Struct, frozen=True):
    """A call of a tool that has ended; `args` is JSON text."""

    id: str
    name: str
    args: str
    summary: str
    preview: str | None
    error: str | None
    started_at: int
    duration_ms: int


class StoreError(Exception):
    """The database did not do what it was asked. The cause is for the log."""


class ChatError(Exception):
    """A chat is not as a request takes it to be."""


class UnknownChatError(ChatError):
    """There is no such chat."""


class GoneChatError(ChatError):
    """The chat was deleted while a call ran on it."""


class FullChatError(ChatError):
    """The chat cannot take so many more messages, or characters."""
