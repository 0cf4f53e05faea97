"""HTTP requests that a service makes: answers are bounded and not compressed, and redirects are not followed."""

import time
from collections.abc import AsyncIterator

import httpx2

__all__ = ["CONNECT", "MAX_BYTES", "TooLongError", "make_http_client"]

CONNECT = 10.0
"""Seconds that a connection may take to come about."""

MAX_BYTES = 32 * 2**20
"""Bytes of one response. Each token comes in a chunk of some 300 bytes, so this is more than 100,000 tokens."""


class TooLongError(Exception):
    """The answer has more bytes than an answer may have."""


def make_http_client(
    silent: float, *, whole: float | None = None, limit: int | None = None, kept: int = 100
) -> httpx2.AsyncClient:
    """A client that gives up after `silent` seconds without a byte, or `whole` seconds in one body.

    A body raises TooLongError after `limit` bytes (MAX_BYTES), and ValueError when it is encoded, which could make much
    of few bytes. Up to `kept` connections that are idle are kept.
    """

    async def bound(response: httpx2.Response) -> None:
        if isinstance(response.stream, httpx2.AsyncByteStream):
            response.stream = _Bounded(response, response.stream, limit or MAX_BYTES, whole)

    return httpx2.AsyncClient(
        timeout=httpx2.Timeout(silent, connect=min(CONNECT, silent)),
        limits=httpx2.Limits(max_connections=1000, max_keepalive_connections=kept),
        headers={"Accept-Encoding": "identity"},
        event_hooks={"response": [bound]},
        follow_redirects=False,
    )


class _Bounded(httpx2.AsyncByteStream):
    def __init__(
        self, response: httpx2.Response, stream: httpx2.AsyncByteStream, limit: int, whole: float | None
    ) -> None:
        self._request, self._stream, self._limit, self._whole = response.request, stream, limit, whole
        self._encoded = response.headers.get("Content-Encoding", "identity").lower() != "identity"

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._encoded:
            raise ValueError("the body has a content encoding, and none was accepted")
        size, began = 0, time.monotonic()
        async for piece in self._stream:
            if self._whole is not None and time.monotonic() - began > self._whole:
                raise httpx2.ReadTimeout(f"the answer took longer than {self._whole:g} s", request=self._request)
            size += len(piece)
            if size > self._limit:
                raise TooLongError(f"more than {self._limit} bytes")
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()
