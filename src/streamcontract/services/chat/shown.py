"""What is stored, as the contract shows it: events, and the answers of getChat and listChats."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import RowMapping

from streamcontract.services.chat.store.reading import Rows, StoredChat
from streamcontract.services.chat.store.rows import ToolRun
from streamcontract.services.chat.types import (
    Call,
    Chat,
    ChatPage,
    ChatSummary,
    Done,
    StoredMessage,
    StoredToolCall,
    ToolCall,
    Usage,
)
from streamcontract.wire.events import Event

__all__ = ["chat_shown", "clean", "done_event", "instant", "json_text", "page_shown", "tool_call_event"]

MOST_ARGUMENTS = 20_000
"""Characters of a tool's arguments that are stored and shown."""


def clean(text: str) -> str:
    """Text from outside as every database can store it and JSON can carry it."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()


def json_text(args: Mapping[str, Any]) -> str:
    """A tool's arguments as JSON. A model may write numbers that JSON's readers do not know, or more than is wanted."""
    try:
        text = msgspec.json.encode(args).decode()
        msgspec.json.decode(text)
    except (ValueError, TypeError, OverflowError, RecursionError, UnicodeError, msgspec.MsgspecError):
        return "{}"
    return text if len(text) <= MOST_ARGUMENTS else msgspec.json.encode({"cut": text[:1000]}).decode()


def instant(milliseconds: int) -> str:
    """A time as RFC 3339 writes it, in UTC."""
    at = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def tool_call_event(run: ToolRun) -> Event:
    """The event that tells of a tool's call."""
    return Event(
        "tool_call",
        ToolCall(
            tool_call_id=run.id,
            name=run.name,
            status="completed" if run.error is None else "failed",
            summary=run.summary,
            args=msgspec.json.decode(run.args),
            started_at=instant(run.started_at),
            completed_at=instant(run.started_at + run.duration_ms),
            duration_ms=run.duration_ms,
            error=run.error,
            result_preview=run.preview,
        ),
    )


def done_event(answer: str, usage: tuple[int, int] | None) -> Event:
    """The event that ends a stream well."""
    return Event("done", Done("done", answer, _usage(usage)))


def chat_shown(stored: StoredChat) -> Chat:
    """A chat as getChat answers."""
    chat = stored.chat
    return Chat(
        chat_id=chat["id"],
        created_at=instant(chat["created_at"]),
        updated_at=instant(chat["updated_at"]),
        messages=[_message(row) for row in stored.messages],
        calls=[_call(row) for row in stored.calls],
        tool_calls=[_tool_call(row) for row in stored.tool_calls],
    )


def page_shown(chats: Rows, following: str | None) -> ChatPage:
    """A page as listChats answers."""
    shown = [ChatSummary(row["id"], instant(row["created_at"]), instant(row["updated_at"])) for row in chats]
    return ChatPage(shown, _or_unset(following))


def _message(row: RowMapping) -> StoredMessage:
    return StoredMessage(
        message_id=row["id"],
        role=row["role"],
        content=row["content"],
        created_at=instant(row["created_at"]),
        name=_or_unset(row["name"]),
        call_id=_or_unset(row["call_id"]),
    )


def _call(row: RowMapping) -> Call:
    told = None if row["input_tokens"] is None else (row["input_tokens"], row["output_tokens"])
    return Call(
        call_id=row["id"],
        provider=row["provider"],
        model=row["model"],
        status=row["status"],
        started_at=instant(row["started_at"]),
        error=_or_unset(row["error"]),
        usage=_usage(told),
        latency_ms=_or_unset(row["latency_ms"]),
    )


def _tool_call(row: RowMapping) -> StoredToolCall:
    return StoredToolCall(
        tool_call_id=row["id"],
        call_id=row["call_id"],
        name=row["name"],
        status=row["status"],
        summary=row["summary"],
        args=msgspec.json.decode(row["args"]),
        started_at=instant(row["started_at"]),
        completed_at=instant(row["started_at"] + row["duration_ms"]),
        duration_ms=row["duration_ms"],
        error=row["error"],
        result_preview=row["result_preview"],
    )


def _usage(tokens: tuple[int, int] | None) -> Usage | msgspec.UnsetType:
    return msgspec.UNSET if tokens is None else Usage(tokens[0], tokens[1], sum(tokens))


def _or_unset(value: Any) -> Any:
    """What is not there is left out."""
    return msgspec.UNSET if value is None else value
