"""ASGI applications in plain messages, and things that are none: what `--app` and the pytest plugin are given."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from small_contracts import TICKS

__all__ = [
    "App",
    "make_right",
    "number",
    "open_stream",
    "raising",
    "right",
    "ticking",
    "unstarted",
    "unstopped",
    "wrong",
    "wsgi",
]

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

started, stopped = threading.Event(), threading.Event()


def ticking(*parts: bytes, starts: bool = True, stops: bool = True) -> App:
    """An application that answers `GET /ticks` with these parts of a stream, and all else with 404 or 405."""

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send, starts=starts, stops=stops)
            return
        status = 404 if scope["path"] != "/ticks" else 200 if scope["method"] == "GET" else 405
        await send(_head(status, [(b"allow", b"GET")] if status == 405 else [(b"content-type", b"text/event-stream")]))
        for part in parts if status == 200 else ():
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    return app


async def raising(scope: Message, receive: Receive, send: Send) -> None:
    """It knows nothing of lifespans, and fails in each call."""
    assert scope["type"] == "http"
    raise LookupError("no such table")


async def open_stream(scope: Message, receive: Receive, send: Send) -> None:
    """Goes on until the client leaves."""
    assert scope["type"] == "http"
    await send(_head(200, [(b"content-type", b"text/event-stream")]))
    await send({"type": "http.response.body", "body": TICKS[:30], "more_body": True})
    while (await receive())["type"] != "http.disconnect":
        pass


def make_right() -> App:
    """A factory, which is no application itself."""
    return right


def wsgi(environ: Message, start_response: Callable[..., Any]) -> list[bytes]:
    """An application of the other kind."""
    return []


right = ticking(TICKS)
wrong = ticking(TICKS, TICKS)
unstarted = ticking(starts=False)
unstopped = ticking(TICKS, stops=False)
number = 3


def _head(status: int, headers: Sequence[tuple[bytes, bytes]]) -> Message:
    return {"type": "http.response.start", "status": status, "headers": headers}


async def _live(receive: Receive, send: Send, *, starts: bool, stops: bool) -> None:
    await receive()
    if not starts:
        await send({"type": "lifespan.startup.failed", "message": "Traceback:\n  …\nOSError: no database"})
        return
    started.set()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    if not stops:
        await asyncio.Event().wait()
    stopped.set()
    await send({"type": "lifespan.shutdown.complete"})
