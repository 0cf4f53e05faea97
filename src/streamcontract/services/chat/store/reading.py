"""What getChat and listChats show, as it is stored."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import RowMapping, Select, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from streamcontract.services.chat.store.rows import UnknownChatError
from streamcontract.services.chat.store.store import Store
from streamcontract.services.chat.store.tables import CHATS, LLM_CALLS, MESSAGES, TOOL_CALLS

__all__ = ["BadCursorError", "StoredChat", "load", "page"]

Rows = Sequence[RowMapping]


class BadCursorError(ValueError):
    """The cursor was not made here."""


class StoredChat(msgspec.Struct, frozen=True):
    """All rows of one chat, each list in its order."""

    chat: RowMapping
    messages: Rows
    calls: Rows
    tool_calls: Rows


async def load(store: Store, chat_id: str) -> StoredChat:
    """A chat as it is at one moment. Raises UnknownChatError or StoreError."""
    call_ids = select(LLM_CALLS.c.id).where(LLM_CALLS.c.chat_id == chat_id)
    async with store.transaction(read_only=True) as connection:
        found = (await connection.execute(select(CHATS).where(CHATS.c.id == chat_id))).mappings().one_or_none()
        if found is None:
            raise UnknownChatError(chat_id)
        messages = select(MESSAGES).where(MESSAGES.c.chat_id == chat_id).order_by(MESSAGES.c.position)
        calls = select(LLM_CALLS).where(LLM_CALLS.c.chat_id == chat_id)
        calls = calls.order_by(LLM_CALLS.c.started_at, LLM_CALLS.c.answer_position, LLM_CALLS.c.id)
        tool_calls = select(TOOL_CALLS).where(TOOL_CALLS.c.call_id.in_(call_ids))
        tool_calls = tool_calls.order_by(TOOL_CALLS.c.started_at, TOOL_CALLS.c.call_id, TOOL_CALLS.c.number)
        parts = [await _rows(connection, query) for query in (messages, calls, tool_calls)]
    return StoredChat(found, *parts)


async def page(store: Store, limit: int, cursor: str | None) -> tuple[Rows, str | None]:
    """Chats, the newest first, and the cursor of the next page. Raises BadCursorError or StoreError.

    The order is by what never changes, and a cursor says behind which chat to go on, whether that still exists or not.
    """
    order = tuple_(CHATS.c.created_at, CHATS.c.id)
    chats = select(CHATS).order_by(CHATS.c.created_at.desc(), CHATS.c.id.desc()).limit(limit + 1)
    if cursor is not None:
        chats = chats.where(order < tuple_(*_read(cursor)))
    async with store.transaction(read_only=True) as connection:
        found = await _rows(connection, chats)
    if len(found) <= limit:
        return found, None
    last = found[limit - 1]
    return found[:limit], _cursor(last["created_at"], last["id"])


async def _rows(connection: AsyncConnection, query: Select[Any]) -> Rows:
    found: Rows = (await connection.execute(query)).mappings().all()
    return found


def _cursor(created_at: int | str, id_: str) -> str:
    return urlsafe_b64encode(f"{created_at}.{id_}".encode()).decode().rstrip("=")


def _read(cursor: str) -> tuple[int, str]:
    try:
        text = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4)).decode("ascii")
    except ValueError:  # also of a character that is not ASCII
        raise BadCursorError(cursor) from None
    created_at, _, id_ = text.partition(".")
    if not (created_at.isdecimal() and len(created_at) < 16 and id_.isalnum()) or _cursor(created_at, id_) != cursor:
        raise BadCursorError(cursor)
    return int(created_at), id_
