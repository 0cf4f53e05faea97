"""A countdown by Django: a StreamingHttpResponse from an asynchronous generator."""

import asyncio
import json
from collections.abc import AsyncIterator

import django
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.urls import path

settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], MIDDLEWARE=[])
django.setup(set_prefix=False)


def event(name: str, data: str) -> str:
    return f"event: {name}\n" + "".join(f"data: {line}\n" for line in data.split("\n")) + "\n"


async def countdown(request: HttpRequest) -> HttpResponseBase:
    text = request.GET.get("from", "")
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= 20):
        return HttpResponse("from is a number from 1 to 20", status=400)

    async def events() -> AsyncIterator[str]:
        yield "retry: 3000\n\n"
        for left in range(int(text), 0, -1):
            yield event("tick", json.dumps({"left": left}))
            await asyncio.sleep(0.002)
        yield event("liftoff", "up\nand away")

    return StreamingHttpResponse(events(), content_type="text/event-stream")


async def failing(_: HttpRequest) -> HttpResponseBase:
    async def events() -> AsyncIterator[str]:
        yield event("tick", json.dumps({"left": 2}))
        raise RuntimeError("the engine is out of fuel")

    return StreamingHttpResponse(events(), content_type="text/event-stream")


urlpatterns = [path("countdown", countdown), path("failing", failing)]
app = get_asgi_application()
