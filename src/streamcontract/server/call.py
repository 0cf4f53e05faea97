"""One HTTP request while it is answered: what the layers around a handler know of it, in one place."""

import re
import time
from collections.abc import Awaitable, Iterable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

import anyio
from connexion.middleware.abstract import ROUTING_CONTEXT
from starlette.types import Message, Receive, Scope, Send

from streamcontract.monitor.request import Request
from streamcontract.server.cancelling import was_cancelled
from streamcontract.server.problems import Problem
from streamcontract.server.turns import LARGE, drop_in_turns

if TYPE_CHECKING:
    from streamcontract.server.binding import Binding
    from streamcontract.server.metrics import Metrics
    from streamcontract.server.runtime import Runtime

__all__ = [
    "CORRELATION_HEADER",
    "LEFT",
    "SCOPE_KEY",
    "Call",
    "ClientLeftError",
    "current_call",
    "current_client",
    "current_request",
    "refuse_line_breaks",
    "too_large",
]

CORRELATION_HEADER = "x-correlation-id"
LEFT = "client-left"
"""The outcome of what was ended because its client had left."""
SCOPE_KEY = "streamcontract.call"
DRAIN_SECONDS = 2.0
"""How long a body that is too large is read and thrown away, so that its sender gets to read the answer."""

_CORRELATION_ID = re.compile(r"[A-Za-z0-9._~:+/=-]{1,128}")
_BREAK = re.compile(rb"[\r\n\0]")
_current: ContextVar["Call"] = ContextVar("streamcontract_call")


Result = TypeVar("Result")


class ClientLeftError(Exception):
    """The client has left, so that there is nobody to answer."""


class Call:
    """One request and the head of its answer. `started` is in the seconds of `time.monotonic`."""

    __slots__ = (
        "_receive",
        "arguments",
        "body",
        "body_checked",
        "correlation_id",
        "events",
        "headers",
        "outcome",
        "parameters",
        "raw_send",
        "received",
        "runtime",
        "scope",
        "started",
        "status",
    )

    def __init__(self, scope: Scope, receive: Receive, send: Send, runtime: "Runtime") -> None:
        self.scope, self._receive, self.raw_send, self.runtime = scope, receive, send, runtime
        self.started = time.monotonic()
        self.headers: Mapping[str, str] = _headers(scope)
        given = self.headers.get(CORRELATION_HEADER, "")
        self.correlation_id = given if _CORRELATION_ID.fullmatch(given) else uuid4().hex
        self.status: int | None = None
        self.parameters: dict[str, dict[str, Any]] = {}
        self.arguments: dict[str, Any] = {}
        self.body: Any = None
        self.body_checked = False
        self.events = 0
        self.outcome: str | None = None
        self.received = 0

    @classmethod
    def of(cls, scope: Scope) -> "Call":
        """The call that a scope belongs to."""
        found = scope[SCOPE_KEY]
        assert isinstance(found, cls)  # noqa: S101 - put there by the application
        return found

    @property
    def binding(self) -> "Binding | None":
        """The operation asked for, once connexion has found it."""
        routing = self.scope["extensions"].get(ROUTING_CONTEXT, {})
        return self.runtime.bindings.get(routing.get("operation_id"))

    @property
    def metrics(self) -> "Metrics":
        """Where the application's figures are."""
        return self.runtime.metrics

    @property
    def operation(self) -> str:
        """The operationId, or a dash as long as none is known."""
        binding = self.binding
        return binding.operation.id if binding else "-"

    def request(self) -> Request:
        """The request as the contract's rules see it."""
        scope = self.scope
        query = scope.get("query_string", b"").decode("latin-1")
        return Request(
            method=scope["method"],
            url=f"{scope.get('scheme', 'http')}://{self.headers.get('host', '')}{scope['path']}"
            + (f"?{query}" if query else ""),
            path=self.parameters.get("path", {}),
            query=self.parameters.get("query", {}),
            headers=self.headers,
            body=self.body,
        )

    async def receive(self) -> Message:
        """The next message of the client; a body that grows beyond the limit is refused while it arrives."""
        message = await self._receive()
        if message["type"] == "http.request" and self.status is None:
            self.received += len(message.get("body", b""))
            if self.received > self.runtime.settings.body_limit:
                raise too_large(self.runtime.settings.body_limit)
        return message

    async def while_connected(self, work: Awaitable[Result]) -> Result:
        """Wait for an answer that is no stream; raises ClientLeftError, and cancels the work, once nobody waits for it.

        The work is done in the request's own task, so that spans and context variables hold.
        """
        found: list[Result] = []
        fault: BaseException | None = None
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._cancel_when_left, tasks.cancel_scope)
            try:
                found.append(await work)
            except BaseException as error:
                if was_cancelled(error):
                    raise
                fault = error  # not through the task group, which would make a group of it, or take it for its own end
            tasks.cancel_scope.cancel()
        if fault is not None:
            raise fault
        if not found:
            raise ClientLeftError
        return found[0]

    async def _cancel_when_left(self, scope: anyio.CancelScope) -> None:
        await self.disconnected()
        scope.cancel()

    async def disconnected(self) -> None:
        """Returns when the client has left, or the answer is complete."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def drop_body(self) -> None:
        """Let go of what was sent, which nobody needs any more."""
        held, self.body = [self.body], None
        self.arguments.clear()
        if self.received > LARGE:
            await drop_in_turns(held)

    async def drain(self) -> None:
        """Read on for a moment, so that a client that is still sending reads its answer instead of a broken pipe."""
        if "expect" in self.headers:
            return  # it waits for our word before it sends
        with anyio.move_on_after(DRAIN_SECONDS):
            while True:
                message = await self._receive()
                if message["type"] != "http.request" or not message.get("more_body", False):
                    return

    async def send(self, message: MutableMapping[str, Any]) -> None:
        """Send one message of an answer that is no stream."""
        if message["type"] == "http.response.start":
            refuse_line_breaks(message.get("headers", ()))
            self.status = message["status"]
            message["headers"] = [
                *message.get("headers", ()),
                (CORRELATION_HEADER.encode(), self.correlation_id.encode()),
            ]
        await self.raw_send(message)

    @contextmanager
    def current(self) -> Iterator[None]:
        """Let `of` and `current_call` find this call."""
        self.scope[SCOPE_KEY] = self
        token = _current.set(self)
        try:
            yield
        finally:
            _current.reset(token)


def refuse_line_breaks(headers: Iterable[tuple[bytes, bytes]]) -> None:
    """Raises ValueError for a header that would become two: uvicorn writes them as they are."""
    for name, value in headers:
        if _BREAK.search(name) or _BREAK.search(value):
            raise ValueError(f"the header {name!r} has a line break in it")


def too_large(limit: int) -> Problem:
    """The problem of a body beyond the limit."""
    return Problem(413, f"the body is larger than {limit:,} bytes", headers={"Connection": "close"})


def current_call() -> Call | None:
    """The call that is being answered, or None outside of one."""
    return _current.get(None)


def current_request() -> Request:
    """For handlers: the request that is being answered. Raises LookupError outside of one."""
    return _current.get().request()


def current_client() -> str:
    """For handlers: the address of the client, which is that of the proxy in front unless the server trusts that one.

    Empty where there is none, as for a socket in the file system. Raises LookupError outside of a request.
    """
    address, _ = _current.get().scope.get("client") or ("", 0)
    return str(address)


def _headers(scope: Scope) -> dict[str, str]:
    """The headers by lower-case name; one that was sent several times has its values joined (RFC 9110, 5.3)."""
    found: dict[str, str] = {}
    for raw_name, raw_value in scope.get("headers", ()):
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        separator = "; " if name == "cookie" else ", "
        found[name] = f"{found[name]}{separator}{value}" if name in found else value
    return found
