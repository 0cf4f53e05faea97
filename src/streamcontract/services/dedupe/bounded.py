"""HTTP answers that are read up to a size and for a time, whatever the server sends."""

import time
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import structlog

__all__ = ["BoundedTransport"]

log: Any = structlog.get_logger("streamcontract.dedupe")


class BoundedTransport(httpx2.AsyncBaseTransport):
    """A transport that cuts an answer off at `limit` bytes, and gives up one that takes longer than `seconds`.

    The library's own timeout is for each read alone, and it knows no limit. What is cut off is no JSON any more, so
    whoever reads the answer refuses it.
    """

    def __init__(self, inner: httpx2.AsyncBaseTransport, *, limit: int, seconds: float) -> None:
        self.inner, self.limit, self.seconds = inner, limit, seconds

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request; the answer is asked for without compression, which could make much of few bytes."""
        request.headers["Accept-Encoding"] = "identity"
        response = await self.inner.handle_async_request(request)
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            await response.aclose()
            raise httpx2.DecodingError("the answer is compressed, which was not asked for", request=request)
        assert isinstance(response.stream, httpx2.AsyncByteStream)  # noqa: S101 - an async transport's always is
        response.stream = _Bounded(response.stream, request, limit=self.limit, seconds=self.seconds)
        return response

    async def aclose(self) -> None:
        """Close all connections."""
        await self.inner.aclose()


class _Bounded(httpx2.AsyncByteStream):
    def __init__(self, inner: httpx2.AsyncByteStream, request: httpx2.Request, *, limit: int, seconds: float) -> None:
        self.inner, self.request, self.limit, self.seconds = inner, request, limit, seconds

    async def __aiter__(self) -> AsyncIterator[bytes]:
        end, left = time.monotonic() + self.seconds, self.limit
        async for part in self.inner:
            if time.monotonic() > end:
                raise httpx2.ReadTimeout(f"the answer took longer than {self.seconds:g} s", request=self.request)
            yield part[:left]
            left -= len(part)
            if left < 0:
                log.warning("the embedding server's answer was cut off", limit=self.limit)
                return

    async def aclose(self) -> None:
        await self.inner.aclose()
