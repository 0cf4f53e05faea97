"""A countdown by sse-starlette: each event has an id, and a client that comes back goes on behind it."""

import json
from collections.abc import AsyncIterator

import anyio
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


async def countdown(request: Request) -> Response:
    text = request.query_params.get("from", "")
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= 20):
        return JSONResponse({"error": "from is a number from 1 to 20"}, status_code=400)
    seen = request.headers.get("last-event-id", "")
    if seen == "0":
        return Response(status_code=204)  # the client has all, and is to come back no more
    begin = int(seen) - 1 if seen.isascii() and seen.isdigit() and int(seen[:9]) <= 20 else int(text)

    async def events() -> AsyncIterator[ServerSentEvent]:
        for left in range(begin, 0, -1):
            yield ServerSentEvent(json.dumps({"left": left}), event="tick", id=str(left), retry=3000)
            await anyio.sleep(0.002)
        yield ServerSentEvent("up\nand away", event="liftoff", id="0")

    return EventSourceResponse(events())


async def failing(_: Request) -> Response:
    async def events() -> AsyncIterator[ServerSentEvent]:
        yield ServerSentEvent(json.dumps({"left": 2}), event="tick")
        raise RuntimeError("the engine is out of fuel")

    return EventSourceResponse(events())


app = Starlette(routes=[Route("/countdown", countdown), Route("/failing", failing)])
