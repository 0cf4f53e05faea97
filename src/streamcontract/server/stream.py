"""One stream while it is sent: a handler's events, heartbeats between them, and an end that tells how it went.

The handler's generator is driven by a plain `async for` in the request's own task, so that spans and context variables
hold and nothing but the handler waits inside it. Beside it, one task waits for the client to leave, one sends comments.
The head goes out with the first event (or heartbeat): up to then a fault is answered by a problem; after it by the
contract's failure event; and where the contract does not allow that one, by cutting the connection, as a clean end
would tell the client that the stream is whole.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from enum import Enum
from typing import Any

import anyio
import anyio.lowlevel
import msgspec
import structlog
from starlette.responses import Response as StarletteResponse
from starlette.types import Receive, Scope, Send

from streamcontract.monitor.request import Response
from streamcontract.server.binding import Binding
from streamcontract.server.call import Call
from streamcontract.server.guard import Guard, NoGuard, guard_for
from streamcontract.server.head import Head, head_message, settled
from streamcontract.server.metrics import EventCounts
from streamcontract.server.problems import Problem, internal_error, problem_for, stopping
from streamcontract.wire.encoder import encode, encode_comment
from streamcontract.wire.events import Event

__all__ = ["StreamAnswer"]

HEARTBEAT = encode_comment("heartbeat")
TURN = 0.02
"""After so many seconds others get their turn, even when a handler never waits and its client reads fast."""

log: Any = structlog.get_logger("streamcontract.server")


class StreamAnswer(StarletteResponse):
    """The answer that connexion is given for a stream."""

    def __init__(self, call: Call, binding: Binding, events: AsyncIterator[Any]) -> None:
        # Starlette's own is not called: it would make a body and headers, which come when the stream begins.
        self.call, self.binding, self.events = call, binding, events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the stream. Raises what the handler raised, when nothing was sent yet."""
        with self.call.metrics.stream(self.call.operation) as counts:
            await _OpenStream(self.call, self.binding, self.events, counts).run()


def _cancelled_from_outside() -> bool:
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


class _Stop(Enum):
    """Why a stream ended before its handler did."""

    LEFT = "client-left"
    STOPPING = "stopping"


class _OpenStream:
    def __init__(self, call: Call, binding: Binding, events: AsyncIterator[Any], counts: EventCounts) -> None:
        assert binding.stream is not None  # noqa: S101 - made for streaming operations only
        self.call, self.binding, self.events, self.counts = call, binding, events, counts
        self.stream = binding.stream
        self.settings = call.runtime.settings
        self.tasks = anyio.create_task_group()
        self.head_lock = anyio.Lock()
        self.given_head: Head | None = None
        self.head: Response | None = None
        self.guard: Guard | NoGuard | None = None
        self.stopped: _Stop | None = None
        self.fault: Exception | None = None
        self.begun = False  # an event has been sent
        self.sending = False
        self.last = call.started  # when something was sent
        self.blocked = 0.0  # seconds that the client took to read

    # The life of a stream --------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Send everything, and clean up."""
        runtime = self.call.runtime
        runtime.streams.add(self)
        try:
            if runtime.stopping:
                self.stop()
            async with self.tasks:
                self.tasks.start_soon(self._watch)
                self.tasks.start_soon(self._beat)
                await self._pump()
                self.tasks.cancel_scope.cancel()
            await self._end()
        finally:
            runtime.streams.discard(self)
            self._count()

    def stop(self) -> None:
        """End soon, as the server stops."""
        self._leave(_Stop.STOPPING)

    def _leave(self, why: _Stop) -> None:
        if self.stopped is None:
            self.stopped = why
            self.tasks.cancel_scope.cancel()

    async def _pump(self) -> None:
        """Drive the handler; whatever ends it, it is closed when this returns."""
        try:
            await self._send_events()
        except Exception as error:
            self.fault = error
        except asyncio.CancelledError as error:
            if self.tasks.cancel_scope.cancel_called or _cancelled_from_outside():
                raise
            # A library that the handler uses has given up a task of its own: to the client that is a fault like any.
            self.fault = RuntimeError("the handler was cancelled by what it called")
            self.fault.__cause__ = error
        finally:
            with anyio.move_on_after(self.settings.cleanup_seconds, shield=True) as cleanup:
                await self._close_handler()
            if cleanup.cancelled_caught:
                log.error("the handler did not clean up in time", operation=self.call.operation)

    async def _close_handler(self) -> None:
        if isinstance(self.events, AsyncGenerator):
            try:
                await self.events.aclose()
            except Exception:
                log.exception("the handler failed while it was closed", operation=self.call.operation)

    async def _send_events(self) -> None:
        send, clock = self.call.raw_send, time.monotonic
        turn = clock()
        async for event in self.events:
            if not self.begun:
                if isinstance(event, Head):
                    await self._begin(event)
                    continue
                event = self._first(event)  # noqa: PLW2901 - the same event, with the contract's reconnection time
            data = encode(event)
            now = clock()
            guard = self.guard or self._prepare()
            if not guard.admits(event, len(data), now - self.blocked):
                return
            if self.call.status is None:
                await self._begin()
            self.sending = True
            await send({"type": "http.response.body", "body": data, "more_body": True})
            self.sending = False
            self.last = clock()
            self.blocked += self.last - now
            if not self.begun:
                self.begun = True
                self.call.metrics.first_event_seconds.labels(self.call.operation).observe(now - self.call.started)
            if self.last - turn > TURN:
                await anyio.lowlevel.checkpoint()
                turn = self.last

    def _first(self, event: Event) -> Event:
        """A contract's reconnection time goes out with the first event, unless the handler has sent one."""
        if self.stream.retry is None or event.retry is not None:
            return event
        return msgspec.structs.replace(event, retry=self.stream.retry)

    # Beside the handler ----------------------------------------------------------------------------------------------

    async def _watch(self) -> None:
        await self.call.disconnected()
        self._leave(_Stop.LEFT)

    async def _beat(self) -> None:
        """A comment when nothing was sent for a while; a client that has not read for long is taken to have left."""
        while True:
            idle = time.monotonic() - self.last
            if self.sending and idle > self.settings.reader_seconds:
                log.warning("the client reads nothing", operation=self.call.operation, seconds=round(idle))
                self._leave(_Stop.LEFT)
                return
            if idle < self.settings.heartbeat_seconds:
                await anyio.sleep(self.settings.heartbeat_seconds - idle)
            elif self.sending:
                await anyio.sleep(min(self.settings.heartbeat_seconds, self.settings.reader_seconds))
            else:
                await self._heartbeat()

    async def _heartbeat(self) -> None:
        guard = self.guard or self._prepare()
        guard.comment(time.monotonic() - self.blocked)
        await self._begin()
        await self.call.raw_send({"type": "http.response.body", "body": HEARTBEAT, "more_body": True})
        self.last = time.monotonic()

    # The head --------------------------------------------------------------------------------------------------------

    def _prepare(self) -> Guard | NoGuard:
        """The guard, whose rules may look at the head; so the head is settled from here on."""
        self.head = settled(self.given_head, self.binding, self.call)
        self.guard = guard_for(self.call, self.stream, self.head, self.counts)
        return self.guard

    async def _begin(self, given: Head | None = None) -> None:
        """Send the head, once."""
        async with self.head_lock:
            if given is not None and self.head is None:
                self.given_head = given
            elif given is not None:
                log.warning("the head was sent before the handler gave one", operation=self.call.operation)
            if self.call.status is None:
                if self.head is None:
                    self._prepare()
                assert self.head is not None  # noqa: S101 - settled by _prepare
                await self.call.raw_send(head_message(self.head))
                self.call.status = self.head.status

    # The end ---------------------------------------------------------------------------------------------------------

    async def _end(self) -> None:
        """Tell the client how the stream ended. Raises what went wrong, when nothing was sent yet."""
        guard = self.guard or self._prepare()
        if self.stopped is _Stop.LEFT:
            self.call.metrics.clients_left.labels(self.call.operation).inc()
            self._close_guard(guard, by="client", outcome=_Stop.LEFT.value)
            return
        why = self._why(guard)
        if why is None:
            await self._begin()  # for a stream without any event
        elif self.call.status is None:
            raise why
        with anyio.move_on_after(self.settings.shutdown_seconds):
            if why is None or guard.ended or await self._send_failure(guard, why):
                self._close_guard(guard, by="server", outcome="failure" if why and not guard.ended else None)
                await self.call.raw_send({"type": "http.response.body", "body": b"", "more_body": False})
                return
        # Returning without the last message makes the server drop the connection: the client sees that it is not whole.
        self._close_guard(guard, by="client", outcome="cut")

    def _why(self, guard: Guard | NoGuard) -> Problem | None:
        """What to tell the client; None when the stream is whole."""
        if self.stopped is _Stop.STOPPING:
            return stopping()
        if self.fault is not None:
            return problem_for(self.fault, "the handler failed", operation=self.call.operation)
        if guard.refused is not None:
            return internal_error("the guard ended the stream", operation=self.call.operation, finding=guard.refused)
        if not guard.complete:
            guard.close(by="server", at=time.monotonic() - self.blocked)
            return internal_error("the handler ended too early", operation=self.call.operation)
        return None

    async def _send_failure(self, guard: Guard | NoGuard, why: Problem) -> bool:
        """Whether the contract's failure event could be sent."""
        failure = self.binding.failure
        if failure is None or not guard.permits(failure.symbol):
            return False
        try:
            event = failure.make(why.detail or why.title)
            data = encode(event)
        except Exception:
            log.exception("no failure event could be made", operation=self.call.operation)
            return False
        guard.failed(event, failure.symbol, time.monotonic() - self.blocked)
        await self.call.raw_send({"type": "http.response.body", "body": data, "more_body": True})
        return True

    def _close_guard(self, guard: Guard | NoGuard, *, by: str, outcome: str | None) -> None:
        guard.close(by=by, at=time.monotonic() - self.blocked)
        self.call.outcome = outcome or guard.outcome or "unknown"

    def _count(self) -> None:
        self.call.events = sum(self.counts.values())
        if self.call.status is not None:
            self.call.metrics.streams.labels(self.call.operation, self.call.outcome or "cut").inc()
