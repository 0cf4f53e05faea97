"""One answer: rounds of a provider and its tools become events; what they say is stored before it is told.

    open (the request's new messages, a running call) → meta → rounds → complete (the answer and its usage) → done
                                                                  ↘ end (why there is none) → error

Whatever ends the generator, the call's end is recorded: `failed` with the error that the client reads, or `aborted`
when the client has left or the server stops.
"""

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import anyio
import msgspec
import structlog

from streamcontract.server.problems import new_reference
from streamcontract.server.tracing import stage
from streamcontract.services.chat.providers.provider import (
    Completion,
    Message,
    Provider,
    ProviderError,
    Text,
    ToolRequest,
    Usage,
)
from streamcontract.services.chat.shown import clean, done_event, json_text, tool_call_event
from streamcontract.services.chat.store.rows import GoneChatError, Opened, StoreError, ToolRun
from streamcontract.services.chat.store.store import Store, now
from streamcontract.services.chat.tools.toolbox import Toolbox
from streamcontract.services.chat.types import Delta, Failure
from streamcontract.wire.events import Event

__all__ = ["Conversation", "Limits"]

CLOSING_SECONDS = 1.0
"""How long a provider may take to give up a call; the end is recorded after it, and all has 5 s in the server kit."""
LEFT = "The client left, or the server stopped, before the answer was whole"
DELETED = "The chat was deleted while it was answered"
TOO_MANY_ROUNDS = "The model kept calling tools and gave no answer"
TOO_LONG = "The answer is longer than this server allows"
TOO_SLOW = "The answer took longer than this server allows"
NOT_STORED = "The answer could not be stored"
INTERNAL = "Internal error"

log: Any = structlog.get_logger("streamcontract.chat")

Item = Text | ToolRequest | Usage


@dataclass(frozen=True, slots=True)
class Limits:
    """How long an answer may take, how many rounds of tools it may have, and how many characters."""

    seconds: float
    rounds: int
    characters: int


class _LimitError(Exception):
    """The answer went beyond a limit; the text may be shown."""


class Conversation:
    """One call: asks the provider, runs the tools, stores what they say."""

    def __init__(
        self, opened: Opened, provider: Provider, toolbox: Toolbox | None, store: Store, limits: Limits
    ) -> None:
        self.opened, self.provider, self.toolbox, self.store, self.limits = opened, provider, toolbox, store, limits
        self.started = time.monotonic()
        self.until = anyio.current_time() + limits.seconds
        self.said: list[str] = []
        self.length = 0
        self.tool_calls = 0
        self.usages: list[Usage | None] = []

    async def events(self, completion: Completion) -> AsyncGenerator[Event, None]:
        """All events of the stream."""
        opened = self.opened
        try:
            meta = {"chatId": opened.chat_id, "callId": opened.call_id, "provider": self.provider.name}
            yield Event("meta", {"type": "meta", **meta, "model": completion.model})
            async with aclosing(self._rounds(completion)) as told:
                async for event in told:
                    yield event
            last = await self._complete()
        except Exception as error:
            last = await self._fail(error, completion.model)
        except BaseException:  # cancelled, or closed at a `yield`: nobody reads on
            await self._abort()
            raise
        yield last

    # The rounds ------------------------------------------------------------------------------------------------------

    async def _rounds(self, completion: Completion) -> AsyncGenerator[Event, None]:
        """Ask the provider until it calls no tool any more; after the last round it is offered none."""
        messages = list(completion.messages)
        for left in range(self.limits.rounds if self.toolbox else 0, -1, -1):
            tools = self.toolbox.tools if self.toolbox and left else ()
            asked = msgspec.structs.replace(completion, messages=tuple(messages), tools=tools)
            requests: list[ToolRequest] = []
            before = len(self.said)
            async for text in self._ask(asked, requests):
                yield Event("delta", Delta("delta", text))
            if not requests:
                return
            if not tools:
                break
            messages.append(Message("assistant", "".join(self.said[before:]), requests=tuple(requests)))
            for request in requests:
                run, content = await self._run(request)
                messages.append(Message("tool", content, name=request.name, request_id=request.id))
                if not self.said:  # the contract has no `tool_call` behind a `delta`
                    yield tool_call_event(run)
        raise _LimitError(TOO_MANY_ROUNDS)

    async def _ask(self, completion: Completion, requests: list[ToolRequest]) -> AsyncGenerator[str, None]:
        """One completion: yields its text, and leaves in `requests` the tools that it calls."""
        usage: Usage | None = None
        items = self.provider.stream(completion)
        try:
            while (item := await self._next(items)) is not None:
                if isinstance(item, Usage):
                    usage = item
                elif isinstance(item, ToolRequest):
                    requests.append(item)
                elif text := clean(item.text):
                    self.length += len(text)
                    if self.length > self.limits.characters:
                        raise _LimitError(TOO_LONG)
                    self.said.append(text)
                    yield text
        finally:
            with anyio.move_on_after(CLOSING_SECONDS, shield=True):
                await items.aclose()
        self.usages.append(usage)

    async def _next(self, items: AsyncGenerator[Item, None]) -> Item | None:
        # The scope is left before anything is yielded: it must not catch what the reader does meanwhile.
        with anyio.fail_after(max(0.0, self.until - anyio.current_time())):
            return await anext(items, None)

    async def _run(self, request: ToolRequest) -> tuple[ToolRun, str]:
        """Run a tool and store its call; returns that, and what the model is told."""
        assert self.toolbox is not None  # noqa: S101 - tools were offered
        started_at, clock = now(), time.monotonic()
        with stage("tool"), anyio.fail_after(max(0.0, self.until - anyio.current_time())):
            result = await self.toolbox.run(request.name, request.arguments)
        run = ToolRun(
            id=f"call_{uuid4().hex}",  # the provider's own need not be unique
            name=clean(request.name),
            args=json_text(result.args),
            summary=clean(result.summary),
            preview=None if result.preview is None else clean(result.preview),
            error=None if result.error is None else clean(result.error),
            started_at=started_at,
            duration_ms=round((time.monotonic() - clock) * 1000),
        )
        await self.store.add_tool_call(self.opened, self.tool_calls, run)
        self.tool_calls += 1
        return run, clean(result.content)

    # The end ---------------------------------------------------------------------------------------------------------

    async def _complete(self) -> Event:
        with stage("storing"):
            await self.store.complete(self.opened, "".join(self.said), self._usage(), self._latency())
        return done_event("".join(self.said), self._usage())

    async def _fail(self, error: Exception, model: str) -> Event:
        """Record and log the failure; the event that tells the client, which is `done` if all was stored after all."""
        public, known = _public(error)
        reference = new_reference()
        log.error(
            "a call failed",
            reference=reference,
            provider=self.provider.name,
            model=model,
            call=self.opened.call_id,
            why=f"{type(error).__name__}: {error}"[:2000],
            exc_info=None if known else error,
        )
        message = f"{public.rstrip('.')}. Reference: {reference}"
        try:
            if await self.store.end(self.opened, "failed", message, self._latency()) == "completed":
                log.warning("the answer was stored, although the database did not say so", reference=reference)
                return done_event("".join(self.said), self._usage())
        except GoneChatError:
            message = f"{DELETED}. Reference: {reference}"
        except StoreError as refused:
            log.error("the failure could not be recorded", reference=reference, why=str(refused)[:2000])
        return Event("error", Failure("error", message))

    async def _abort(self) -> None:
        try:
            await self.store.end(self.opened, "aborted", LEFT, self._latency())
        except (GoneChatError, StoreError) as refused:
            log.error("an aborted call could not be recorded", call=self.opened.call_id, why=str(refused)[:2000])

    def _usage(self) -> tuple[int, int] | None:
        """Tokens of all rounds together; None where one of them did not tell."""
        told = [usage for usage in self.usages if usage is not None]
        if len(told) < len(self.usages):
            return None
        return sum(usage.input_tokens for usage in told), sum(usage.output_tokens for usage in told)

    def _latency(self) -> int:
        return round((time.monotonic() - self.started) * 1000)


def _public(error: Exception) -> tuple[str, bool]:
    """What a client may read of an error, and whether it is one that is foreseen."""
    match error:
        case ProviderError():
            return error.public, True
        case _LimitError():
            return str(error), True
        case GoneChatError():
            return DELETED, True
        case StoreError():
            return NOT_STORED, True
        case TimeoutError():
            return TOO_SLOW, True
    return INTERNAL, False
