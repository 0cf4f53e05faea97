"""The page over streams that are written out, of servers that do what the service never would."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager

from served import Served, serve
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from streamcontract.services.stocks.page import PAGE_HEADERS, asset, page_html

__all__ = ["COMPLETE", "entry", "streaming"]

COMPLETE = "event: complete\ndata: \n\n"


def entry(step: str, body: str = "<p>Said</p>", status: str = "success", stage: str = "analyzing") -> str:
    """An event: the fragment of a step, with this HTML in it."""
    named = f' data-substage="{step}"' if step else ""
    return f'data: <div class="workspace-entry" data-status="{status}" data-stage="{stage}"{named}>{body}</div>\n\n'


@contextmanager
def streaming(*streams: Sequence[str]) -> Iterator[Served]:
    """A server whose first stream is made of the first of these, and so on; the last one comes again and again.

    Each one ends when all is sent. Who connects again waits 20 ms.
    """
    asked: list[str] = []

    async def stream(request: Request) -> Response:
        told = streams[min(len(asked), len(streams) - 1)]
        asked.append(str(request.url))

        async def parts() -> AsyncIterator[str]:
            yield "retry: 20\n\n"
            for part in told:
                yield part

        return StreamingResponse(parts(), media_type="text/event-stream")

    def page(_: Request) -> Response:
        return Response(page_html(True, "a test", False), media_type="text/html", headers=dict(PAGE_HEADERS))

    def file(request: Request) -> Response:
        content, media_type = asset(request.path_params["name"])
        return Response(content, media_type=media_type, headers=dict(PAGE_HEADERS))

    with serve(Starlette(routes=[Route("/", page), Route("/stream", stream), Route("/assets/{name}", file)])) as served:
        yield served
