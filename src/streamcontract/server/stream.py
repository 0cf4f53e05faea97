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
from streamcontract.server.call import LEFT, Call
from streamcontract.server.guard import Guard, NoGuard, guard_for
from streamcontract.server.head import Head, head_message, settled
from streamcontract.server.metrics import EventCounts
from streamcontract.server.problems import Problem, internal_error, problem_for, stopping, wrapped
from streamcontract.wire.encoder import encode, encode_comment
from streamcontract.wire.events import Event

__all__ = ["StreamAnswer"]

HEARTBEAT = encode_comment("heartbeat")
TURN = 0.02
"""After so many seconds others get their turn, even when a handler never waits and its client reads fast."""
UNWINDING = 0.25
"""Seconds that a handler has to come to its end once its time for cleaning up is over, and it is cancelled again."""

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


def _is_closing(error: BaseException) -> bool:
    """Whether this is no more than what closes a generator: a task group that it stands in makes a group of that."""
    return isinstance(error, BaseExceptionGroup) and error.split((GeneratorExit, asyncio.CancelledError))[1] is None


class _Stop(Enum):
    """Why a stream ended before its handler did."""

    LEFT = LEFT
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
        self.task = asyncio.current_task()
        # Round all that the handler does, and entered before its first step, so that scopes of its own nest in it.
        self.handler_scope = anyio.CancelScope()
        self.closing = anyio.Event()  # the handler is to end
        self.ended = False  # the client was told how
        self.begun = False  # an event has been sent
        self.sending_since: float | None = None
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
            async with anyio.create_task_group() as keeper:
                keeper.start_soon(self._keep_time)
                async with self.tasks:
                    self.tasks.start_soon(self._watch)
                    self.tasks.start_soon(self._beat)
                    await self._pump()
                    self.tasks.cancel_scope.cancel()
                keeper.cancel_scope.cancel()
            if not self.ended:
                await self._end()
        finally:
            runtime.streams.discard(self)
            self._count()

    def stop(self) -> None:
        """End soon, as the server stops."""
        self._leave(_Stop.STOPPING)

    def _leave(self, why: _Stop) -> None:
        if self.stopped is not None:
            return
        self.stopped = why
        told = self._times_cancelled()
        self.tasks.cancel_scope.cancel()
        self._let_clean_up_once_told(told)
        self.closing.set()

    def _let_clean_up_once_told(self, told: int) -> None:
        """The handler is cancelled where it waits, once, and may wait again in its `finally`.

        One whose wait was just over, or that shields itself, is told by anyio at one of the next turns of the loop.
        """
        if self._times_cancelled() > told:
            self._let_clean_up()
        elif not self.handler_scope.shield:
            asyncio.get_running_loop().call_soon(self._let_clean_up_once_told, told)

    def _let_clean_up(self) -> None:
        """Cancel the handler no more, for a while."""
        if not self.handler_scope.shield:
            self.handler_scope.shield = True
            clock = asyncio.get_running_loop().time  # anyio's own is for tasks, and this may be a callback
            self.handler_scope.deadline = clock() + self.settings.cleanup_seconds
        self.closing.set()

    def _times_cancelled(self) -> int:
        return self.task.cancelling() if self.task is not None else 0

    async def _pump(self) -> None:
        """Drive the handler; whatever ends it, it is closed when this returns."""
        with self.handler_scope:
            try:
                await self._send_events()
            except asyncio.CancelledError as error:
                if self.tasks.cancel_scope.cancel_called or self._times_cancelled():
                    raise
                self.fault = wrapped(error)  # a library that the handler uses has given up a task of its own
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                self.fault = wrapped(error)
            finally:
                self._let_clean_up()
                await self._close_handler()
        if self.handler_scope.cancelled_caught and not self.ended:
            log.error("the handler did not clean up in time", operation=self.call.operation)

    async def _close_handler(self) -> None:
        if isinstance(self.events, AsyncGenerator):
            try:
                await self.events.aclose()
            except (asyncio.CancelledError, KeyboardInterrupt):
                raise
            except BaseException as error:
                if not _is_closing(error):
                    log.exception("the handler failed while it was closed", operation=self.call.operation)

    async def _keep_time(self) -> None:
        """A handler that neither cleans up in time nor lets itself be cancelled is waited for no longer by its client.

        It cannot be stopped either, and this call lasts as long as it does.
        """
        await self.closing.wait()
        await anyio.sleep(self.settings.cleanup_seconds + UNWINDING)
        with anyio.CancelScope(shield=True):
            log.error("the handler does not end", operation=self.call.operation)
            self.ended = True
            await self._end(late=True)

    async def _send_events(self) -> None:
        send, clock = self.call.raw_send, time.monotonic
        turn = clock()
        async for event in self.events:
            if self.stopped is not None or self.ended:
                return
            if not isinstance(event, Event) and (self.begun or not isinstance(event, Head)):
                raise TypeError(f"a handler yields events (and a Head before the first), not {type(event).__name__}")
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
            self.sending_since = clock()
            await send({"type": "http.response.body", "body": data, "more_body": True})
            self.sending_since = None
            guard.sent()
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
        reader, interval = self.settings.reader_seconds, self.settings.heartbeat_seconds
        while True:
            since = self.sending_since
            left = reader if since is not None else interval
            left -= time.monotonic() - (since if since is not None else self.last)
            if left > 0:
                await anyio.sleep(min(left, reader))
            elif since is not None or not await self._heartbeat():
                log.warning(
                    "the client reads too slowly, and is cut off", operation=self.call.operation, seconds=reader
                )
                self._leave(_Stop.LEFT)
                return

    async def _heartbeat(self) -> bool:
        """Returns whether the client took it."""
        guard = self.guard or self._prepare()
        guard.comment(time.monotonic() - self.blocked)
        with anyio.move_on_after(self.settings.reader_seconds) as waiting:
            await self._begin()
            await self.call.raw_send({"type": "http.response.body", "body": HEARTBEAT, "more_body": True})
            self.last = time.monotonic()
        return not waiting.cancelled_caught

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

    async def _end(self, *, late: bool = False) -> None:
        """Tell the client how the stream ended. Raises what went wrong, when nothing was sent yet, but not `late`."""
        guard = self.guard or self._prepare()
        if self.stopped is _Stop.LEFT and not guard.ended:
            self.call.metrics.clients_left.labels(self.call.operation).inc()
            self._close_guard(guard, by="client", outcome=_Stop.LEFT.value)
            return
        why = self._why(guard)
        if why is not None and self.call.status is None and not late:
            raise why
        stopping = self.call.runtime.stopping
        with anyio.move_on_after(self.settings.shutdown_seconds if stopping else self.settings.reader_seconds):
            await self._begin()  # for a stream without any event
            if why is None or guard.ended or await self._send_failure(guard, why):
                self._close_guard(guard, by="server", outcome="failure" if why and not guard.ended else None)
                await self.call.raw_send({"type": "http.response.body", "body": b"", "more_body": False})
                return
        # Returning without the last message makes the server drop the connection: the client sees that it is not whole.
        self._close_guard(guard, by="client", outcome="cut")

    def _why(self, guard: Guard | NoGuard) -> Problem | None:
        """What to tell the client; None when the stream is whole."""
        if self.stopped is _Stop.LEFT:
            return None  # it has the last event, and did not wait for the end
        if self.stopped is _Stop.STOPPING:
            return stopping()
        if self.fault is not None:
            return problem_for(self.fault, "the handler failed", operation=self.call.operation)
        if guard.refused is None and not guard.complete:
            guard.close(by="server", at=time.monotonic() - self.blocked)
            return internal_error("the handler ended too early", operation=self.call.operation)
        if guard.refused is not None or guard.refuses_the_end(time.monotonic() - self.blocked):
            return internal_error("the guard ended the stream", operation=self.call.operation, finding=guard.refused)
        return None

    async def _send_failure(self, guard: Guard | NoGuard, why: Problem) -> bool:
        """Whether the contract's failure event could be sent."""
        failure = self.binding.failure
        if failure is None or not guard.permits(failure.symbol):
            return False
        try:
            event = failure.event(why.detail or why.title)
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
