"""What is stored of chats, and when: each function is one transaction, which a client that leaves does not interrupt.

Rows of one chat are numbered by a counter in its row, under that row's lock; so two streams on one chat, in one process
or in two, number their rows one after the other. A call keeps the place of its answer right behind what it was asked.
"""

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import uuid4

import anyio
from sqlalchemy import delete, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from streamcontract.services.chat.store.engine import read_only_options
from streamcontract.services.chat.store.rows import (
    ChatError,
    FullChatError,
    GoneChatError,
    Opened,
    Row,
    StoreError,
    ToolRun,
    UnknownChatError,
)
from streamcontract.services.chat.store.tables import CHATS, LLM_CALLS, MESSAGES, TOOL_CALLS

__all__ = ["Store", "now"]

COMPARED_AT_ONCE = 50
"""Stored messages that are read at a time, to find where a request's history goes beyond them."""


def now() -> int:
    """The time in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


class Store:
    """The chats in one database."""

    def __init__(self, engine: AsyncEngine, *, seconds: float, messages: int, size: int) -> None:
        self.engine, self.seconds = engine, seconds
        self.messages, self.size = messages, size
        self._writing = anyio.Lock()

    async def open(self, chat_id: str | None, provider: str, model: str, rows: Sequence[Row]) -> Opened:
        """Store what is new of a request, and that its call runs.

        Raises UnknownChatError, FullChatError or StoreError.
        """
        at, call_id = now(), uuid4().hex
        asked = [row for row in rows if row.role != "assistant"]
        async with self.transaction() as connection:
            position, size = (0, 0) if chat_id is None else await _lock(connection, chat_id)
            fresh = asked if chat_id is None else asked[await _common(connection, chat_id, asked) :]
            size += sum(len(row.content) for row in fresh)
            after = position + len(fresh) + 1  # the last one is the answer's
            if after > self.messages or size > self.size:
                raise FullChatError(chat_id)
            counted = {"updated_at": at, "next_position": after, "size": size}
            if chat_id is None:
                chat_id = uuid4().hex
                await connection.execute(insert(CHATS).values(counted | {"id": chat_id, "created_at": at}))
            else:
                await connection.execute(update(CHATS).where(CHATS.c.id == chat_id).values(counted))
            values = [
                {"id": uuid4().hex, "chat_id": chat_id, "position": position + number, "created_at": at}
                | {"role": row.role, "content": row.content, "name": row.name}
                for number, row in enumerate(fresh)
            ]
            if values:
                await connection.execute(insert(MESSAGES), values)
            call = {"id": call_id, "chat_id": chat_id, "provider": provider, "model": model, "status": "running"}
            await connection.execute(insert(LLM_CALLS).values(call | {"started_at": at, "answer_position": after - 1}))
        return Opened(chat_id, call_id, after - 1, at)

    async def add_tool_call(self, opened: Opened, number: int, run: ToolRun) -> None:
        """Store a tool's call. Raises GoneChatError or StoreError."""
        async with self.transaction() as connection:
            await _running(connection, opened)
            status = "completed" if run.error is None else "failed"
            values = {"id": run.id, "call_id": opened.call_id, "number": number, "name": run.name, "status": status}
            values |= {"summary": run.summary, "args": run.args, "error": run.error, "result_preview": run.preview}
            values |= {"started_at": run.started_at, "duration_ms": run.duration_ms}
            await connection.execute(insert(TOOL_CALLS).values(values))

    async def complete(self, opened: Opened, answer: str, usage: tuple[int, int] | None, latency_ms: int) -> None:
        """Store the answer and what it took, together. Raises GoneChatError or StoreError."""
        at = now()
        inputs, outputs = usage or (None, None)
        ended = {"status": "completed", "latency_ms": latency_ms, "input_tokens": inputs, "output_tokens": outputs}
        message = {"id": uuid4().hex, "chat_id": opened.chat_id, "position": opened.position, "created_at": at}
        message |= {"role": "assistant", "content": answer, "call_id": opened.call_id}
        grown = {"updated_at": at, "size": CHATS.c.size + len(answer)}
        running = (LLM_CALLS.c.id == opened.call_id) & (LLM_CALLS.c.status == "running")
        async with self.transaction() as connection:
            await connection.execute(update(CHATS).where(CHATS.c.id == opened.chat_id).values(grown))
            if not (await connection.execute(update(LLM_CALLS).where(running).values(ended))).rowcount:
                await _running(connection, opened)
            await connection.execute(insert(MESSAGES).values(message))

    async def end(self, opened: Opened, status: str, error: str, latency_ms: int) -> str:
        """Record why a call ended without an answer, unless it has ended already; returns how it has.

        A commit whose answer was lost may have been made: then this says `completed`. Raises GoneChatError or
        StoreError.
        """
        call = LLM_CALLS.c.id == opened.call_id
        async with self.transaction() as connection:
            ended = {"status": status, "error": error, "latency_ms": latency_ms}
            await connection.execute(update(LLM_CALLS).where(call, LLM_CALLS.c.status == "running").values(ended))
            found: str | None = await connection.scalar(select(LLM_CALLS.c.status).where(call))
        if found is None:
            raise GoneChatError(opened.chat_id)
        return found

    async def end_lost(self, older_than_ms: int, error: str) -> int:
        """Record the end of calls that no process can be running any more; returns how many there were."""
        started = now() - older_than_ms
        lost = update(LLM_CALLS).where(LLM_CALLS.c.status == "running", LLM_CALLS.c.started_at < started)
        async with self.transaction() as connection:
            return (await connection.execute(lost.values(status="aborted", error=error))).rowcount

    async def delete(self, chat_id: str) -> None:
        """Delete a chat with all that belongs to it. Raises UnknownChatError or StoreError."""
        async with self.transaction() as connection:
            if not (await connection.execute(delete(CHATS).where(CHATS.c.id == chat_id))).rowcount:
                raise UnknownChatError(chat_id)

    async def ping(self) -> None:
        """Whether the database answers. Raises StoreError."""
        async with self.transaction(read_only=True) as connection:
            await connection.execute(select(literal(1)))

    @asynccontextmanager
    async def transaction(self, *, read_only: bool = False) -> AsyncIterator[AsyncConnection]:
        """A transaction. It is bounded in time, and runs to its end even when the client leaves. Raises StoreError."""
        try:
            async with self._turn(read_only=read_only), self.engine.connect() as connection:
                if read_only:
                    await connection.execution_options(**read_only_options(self.engine))
                async with connection.begin():
                    yield connection
        except (ChatError, StoreError):
            raise
        except Exception as error:  # SQLAlchemy's, the driver's own while it connects, OSError, TimeoutError
            raise StoreError(f"{type(error).__name__}: {error}") from error

    @asynccontextmanager
    async def _turn(self, *, read_only: bool) -> AsyncIterator[None]:
        if self.engine.dialect.name != "sqlite":
            with anyio.fail_after(self.seconds, shield=True):
                yield
            return
        # SQLite bounds the wait for other processes, and nothing else takes long. Nothing may be cancelled there:
        # aiosqlite (0.22) would leave a task behind that never ends, and with it the process.
        with anyio.CancelScope(shield=True):
            if read_only:
                yield
                return
            # Writers of one process take turns: SQLite's own wait is a poll, in which some would come too late.
            with anyio.fail_after(self.seconds):
                await self._writing.acquire()
            try:
                yield
            finally:
                self._writing.release()


async def _common(connection: AsyncConnection, chat_id: str, asked: Sequence[Row]) -> int:
    """How many of these messages are stored already: the longest beginning that both have, answers left out."""
    stored = (
        select(MESSAGES.c.role, MESSAGES.c.content, MESSAGES.c.name)
        .where(MESSAGES.c.chat_id == chat_id, MESSAGES.c.role != "assistant")
        .order_by(MESSAGES.c.position)
    )
    common = 0
    while common < len(asked):
        part = stored.offset(common).limit(min(COMPARED_AT_ONCE, len(asked) - common))
        rows = [Row(*row) for row in await connection.execute(part)]
        for row in rows:
            if row != asked[common]:
                return common
            common += 1
        if len(rows) < COMPARED_AT_ONCE:
            break
    return common


async def _lock(connection: AsyncConnection, chat_id: str) -> tuple[int, int]:
    """Where a chat's next message goes, and its size; other streams wait. Raises UnknownChatError."""
    chat = select(CHATS.c.next_position, CHATS.c.size).where(CHATS.c.id == chat_id).with_for_update()
    found = (await connection.execute(chat)).one_or_none()
    if found is None:
        raise UnknownChatError(chat_id)
    return found.next_position, found.size


async def _running(connection: AsyncConnection, opened: Opened) -> None:
    """Raises GoneChatError or StoreError unless the call runs."""
    status = await connection.scalar(select(LLM_CALLS.c.status).where(LLM_CALLS.c.id == opened.call_id))
    if status is None:
        raise GoneChatError(opened.chat_id)
    if status != "running":
        raise StoreError(f"the call {opened.call_id} has ended already: {status}")
