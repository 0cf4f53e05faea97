"""The handlers of contracts/chat.yaml."""

from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Any

import msgspec
import structlog
from anyio.lowlevel import RunVar

from streamcontract.server import Problem
from streamcontract.server.problems import new_reference
from streamcontract.services.bearer import is_known, tokens_of
from streamcontract.services.chat.conversation import Conversation
from streamcontract.services.chat.providers.provider import Completion, Message
from streamcontract.services.chat.service import Service, running
from streamcontract.services.chat.settings import get_settings
from streamcontract.services.chat.shown import chat_shown, page_shown
from streamcontract.services.chat.store.reading import BadCursorError, load, page
from streamcontract.services.chat.store.rows import FullChatError, Opened, Row, StoreError, UnknownChatError
from streamcontract.services.chat.types import ChatCompletionRequest
from streamcontract.wire.events import Event

__all__ = [
    "auth_required",
    "bearer_info",
    "delete_chat",
    "get_chat",
    "health",
    "lifespan",
    "list_chats",
    "stream_chat_completion",
]

WITH_TOOLS = frozenset({"openai", "xai"})
"""The providers whose models are offered tools."""

log: Any = structlog.get_logger("streamcontract.chat")

_service: RunVar[Service] = RunVar("chat-service")


async def stream_chat_completion(body: dict[str, Any]) -> AsyncIterator[Event]:
    """POST /v1/chat-completions/stream."""
    service = _service.get()
    request = msgspec.convert(body, ChatCompletionRequest, strict=False)  # to JSON Schema, 5.0 is an integer
    provider = service.providers.get(request.provider)
    if provider is None:
        raise Problem(503, f"this server has no key for {request.provider}")
    opened = await _open(service, request)
    # Nothing may be awaited between here and the conversation, which records the end of what was opened.
    toolbox = service.toolbox if request.provider in WITH_TOOLS and service.toolbox.tools else None
    conversation = Conversation(opened, provider, toolbox, service.store, service.limits)
    async with aclosing(conversation.events(_completion(request))) as events:
        async for event in events:
            yield event


async def list_chats(limit: int, cursor: str | None = None) -> dict[str, Any]:
    """GET /v1/chats."""
    try:
        found = await page(_service.get().store, limit, cursor)
    except BadCursorError as error:
        detail = "it is no cursor of this server; take the nextCursor of a page"
        raise Problem(400, f"cursor: {detail}", errors=[{"parameter": "cursor", "detail": detail}]) from error
    except StoreError as error:
        raise _unavailable(error) from error
    return _plain(page_shown(*found))


async def get_chat(chat_id: str) -> dict[str, Any]:
    """GET /v1/chats/{chatId}."""
    try:
        return _plain(chat_shown(await load(_service.get().store, chat_id)))
    except UnknownChatError as error:
        raise _unknown(chat_id) from error
    except StoreError as error:
        raise _unavailable(error) from error


async def delete_chat(chat_id: str) -> tuple[None, int]:
    """DELETE /v1/chats/{chatId}."""
    try:
        await _service.get().store.delete(chat_id)
    except UnknownChatError as error:
        raise _unknown(chat_id) from error
    except StoreError as error:
        raise _unavailable(error) from error
    return None, 204


def auth_required() -> bool:
    """Tokens are asked for when the server was given some."""
    return bool(tokens_of(get_settings().tokens))


def bearer_info(token: str) -> Mapping[str, Any] | None:
    """Whether this is one of the tokens."""
    return {"sub": "token"} if is_known(token, get_settings().tokens) else None


@asynccontextmanager
async def lifespan() -> AsyncIterator[None]:
    """The database is brought up to date before the first request."""
    async with running(get_settings()) as service:
        _service.set(service)
        yield


async def health() -> Mapping[str, Any]:
    """Who answers, and where it is stored. Raises StoreError when the database does not answer."""
    service = _service.get()
    await service.store.ping()
    providers = {"providers": service.mode, "offered": sorted(service.providers)}
    return {**providers, "database": service.store.engine.dialect.name}


async def _open(service: Service, request: ChatCompletionRequest) -> Opened:
    """Store what is new of the request. Raises Problem."""
    chat_id = request.chat_id or None
    rows = [Row(message.role, message.content, message.name or None) for message in request.messages]
    try:
        return await service.store.open(chat_id, request.provider, request.model, rows)
    except UnknownChatError as error:
        raise _unknown(str(chat_id)) from error
    except FullChatError as error:
        settings = service.settings
        most = f"{settings.messages_limit:,} messages and {settings.size_limit:,} characters"
        raise Problem(409, f"a chat holds at most {most}; begin a new one") from error
    except StoreError as error:
        raise _unavailable(error) from error


def _completion(request: ChatCompletionRequest) -> Completion:
    messages = tuple(Message(given.role, given.content, given.name or None) for given in request.messages)
    most = request.max_tokens
    return Completion(
        model=request.model,
        messages=messages,
        temperature=None if request.temperature is msgspec.UNSET else request.temperature,
        max_tokens=None if most is msgspec.UNSET else most,
    )


def _plain(shown: msgspec.Struct) -> dict[str, Any]:
    made: dict[str, Any] = msgspec.to_builtins(shown)
    return made


def _unknown(chat_id: str) -> Problem:
    return Problem(404, f"there is no chat {chat_id}")


def _unavailable(error: StoreError) -> Problem:
    reference = new_reference()
    log.error("the database does not answer", reference=reference, why=str(error)[:2000])
    return Problem(503, f"The database does not answer. Reference: {reference}", headers={"Retry-After": "5"})
