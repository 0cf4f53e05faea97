"""The servers that stream the same events: `python -m bench.servers NAME` serves one and prints its port."""

import socket
import sys
from collections.abc import AsyncIterator, Callable
from typing import Any

import uvicorn

from bench.payloads import CONTRACT, delta, done
from streamcontract import Event
from streamcontract.wire import encode

__all__ = ["APPS"]

ASGIApp = Any


def starlette_ready() -> ASGIApp:
    """The ceiling: Starlette, with bytes that were made beforehand."""
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import StreamingResponse
    from starlette.routing import Route

    ready = encode(Event("delta", delta(10_000)))

    async def stream(events: int) -> AsyncIterator[bytes]:
        for _ in range(events):
            yield ready
        yield encode(Event("done", done(events)))

    async def answer(request: Request) -> StreamingResponse:
        return StreamingResponse(stream(int(request.query_params["events"])), media_type="text/event-stream")

    return Starlette(routes=[Route("/deltas", answer)])


def sse_starlette() -> ASGIApp:
    """sse-starlette, with msgspec for the JSON, as we have it."""
    import msgspec
    from sse_starlette import EventSourceResponse, ServerSentEvent
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.routing import Route

    def event(type_: str, payload: dict[str, Any]) -> ServerSentEvent:
        return ServerSentEvent(msgspec.json.encode(payload).decode(), event=type_)

    async def stream(events: int) -> AsyncIterator[ServerSentEvent]:
        for number in range(events):
            yield event("delta", delta(number))
        yield event("done", done(events))

    async def answer(request: Request) -> EventSourceResponse:
        return EventSourceResponse(stream(int(request.query_params["events"])))

    return Starlette(routes=[Route("/deltas", answer)])


def fastapi_sse() -> ASGIApp:
    """FastAPI's own SSE, with a pydantic model as payload."""
    from fastapi import FastAPI
    from fastapi.sse import EventSourceResponse, ServerSentEvent
    from pydantic import BaseModel

    class Delta(BaseModel):
        type: str
        text: str

    app = FastAPI()

    @app.get("/deltas", response_class=EventSourceResponse)
    async def stream(events: int) -> AsyncIterator[ServerSentEvent]:
        for number in range(events):
            yield ServerSentEvent(event="delta", data=Delta(**delta(number)))
        yield ServerSentEvent(event="done", data=done(events))

    return app


def guarded() -> ASGIApp:
    """Ours, as it is served: connexion, and the guard enforcing the contract."""
    return _ours("enforce")


def unguarded() -> ASGIApp:
    """Ours without the guard, which shows what the guard costs."""
    return _ours("off")


def _ours(guard: str) -> ASGIApp:
    from streamcontract.server import create_app

    return create_app({CONTRACT: "bench.handlers"}, guard=guard)


APPS: dict[str, Callable[[], ASGIApp]] = {
    "starlette, ready bytes": starlette_ready,
    "sse-starlette": sse_starlette,
    "FastAPI SSE": fastapi_sse,
    "streamcontract, guard enforce": guarded,
    "streamcontract, guard off": unguarded,
}
"""The servers by the names that the table shows."""


def main(name: str) -> None:
    """Serve one app on a free port of the loopback until the process is ended."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(APPS[name](), log_level="warning", access_log=False))
    print(listening.getsockname()[1], flush=True)
    server.run(sockets=[listening])


if __name__ == "__main__":
    main(sys.argv[1])
