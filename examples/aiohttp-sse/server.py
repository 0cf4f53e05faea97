"""A countdown by aiohttp-sse."""

import asyncio
import json
import os

from aiohttp import web
from aiohttp_sse import sse_response


async def countdown(request: web.Request) -> web.StreamResponse:
    text = request.query.get("from", "")
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= 20):
        return web.json_response({"error": "from is a number from 1 to 20"}, status=400)
    async with sse_response(request) as response:
        for left in range(int(text), 0, -1):
            await response.send(json.dumps({"left": left}), event="tick", retry=3000)
            await asyncio.sleep(0.002)
        await response.send("up\nand away", event="liftoff")
    return response


async def failing(request: web.Request) -> web.StreamResponse:
    async with sse_response(request) as response:
        await response.send(json.dumps({"left": 2}), event="tick")
        raise RuntimeError("the engine is out of fuel")
    return response


app = web.Application()
app.add_routes([web.get("/countdown", countdown), web.get("/failing", failing)])

if __name__ == "__main__":
    web.run_app(app, host="127.0.0.1", port=int(os.environ["PORT"]), access_log=None)
