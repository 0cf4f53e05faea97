"""A countdown by FastAPI's own event streams: what a path operation yields is sent, data as JSON."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import FastAPI, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent

app = FastAPI()


@app.get("/countdown", response_class=EventSourceResponse)
async def countdown(from_: Annotated[int, Query(alias="from", ge=1, le=20)]) -> AsyncIterator[ServerSentEvent]:
    for left in range(from_, 0, -1):
        yield ServerSentEvent(event="tick", data={"left": left}, retry=3000)
    yield ServerSentEvent(event="liftoff", raw_data="up\nand away")


@app.get("/failing", response_class=EventSourceResponse)
async def failing() -> AsyncIterator[ServerSentEvent]:
    yield ServerSentEvent(event="tick", data={"left": 2})
    await asyncio.sleep(0.02)
    raise RuntimeError("the engine is out of fuel")
