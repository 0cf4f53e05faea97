"""One streaming call through an SDK: its HTTP client, its times, its end."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

import anyio
import httpx2

from streamcontract.services.chat.providers.faults import NOT_A_STREAM, TooLongError
from streamcontract.services.chat.providers.provider import ProviderError

__all__ = ["MAX_BYTES", "RETRY_AFTER", "SdkStream", "Times", "events", "make_http_client"]

MAX_BYTES = 32 * 2**20
"""Bytes of one response. Each token comes in a chunk of some 300 bytes, so this is more than 100,000 tokens."""

RETRY_AFTER = 20.0
"""Seconds that a provider may ask us to wait before the next try; asked for more, we give up at once."""

CONNECT = 10.0


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds: `silent` without a byte, retries included, and `whole` for the call."""

    silent: float
    whole: float


class SdkStream(Protocol):
    """What both SDKs give for `stream=True`."""

    @property
    def response(self) -> httpx2.Response:
        """The response whose body the events are in."""

    def __aiter__(self) -> AsyncIterator[Any]:
        """Its events."""

    async def close(self) -> None:
        """Close the response."""


def make_http_client(times: Times) -> httpx2.AsyncClient:
    """A client for an SDK: bounded in time and bytes, and no key follows a redirect, since none is followed."""
    return httpx2.AsyncClient(
        timeout=httpx2.Timeout(times.silent, connect=min(CONNECT, times.silent)),
        limits=httpx2.Limits(max_connections=1000, max_keepalive_connections=100),
        headers={"Accept-Encoding": "identity"},
        event_hooks={"response": [_bound]},
    )


async def events(opening: Callable[[], Awaitable[SdkStream]], times: Times) -> AsyncGenerator[Any, None]:
    """The events of one call. Closing this closes the response, also when it is cancelled. Raises TimeoutError too."""
    until = anyio.current_time() + times.whole
    with anyio.fail_after(min(times.silent, times.whole)):
        stream = await opening()
    try:
        kind = stream.response.headers.get("Content-Type", "none")
        if not kind.lower().startswith("text/event-stream"):
            raise ProviderError(NOT_A_STREAM, f"{NOT_A_STREAM}: its content type is {kind[:100]}")
        found = aiter(stream)
        while True:
            # A scope must not be open across a `yield`: it would catch what the reader of these events does meanwhile.
            with anyio.fail_after(max(0.0, until - anyio.current_time())):
                try:
                    event = await anext(found)
                except StopAsyncIteration:
                    return
            yield event
    finally:
        with anyio.CancelScope(shield=True):
            await stream.close()


async def _bound(response: httpx2.Response) -> None:
    """Bound the body, which the SDKs do not; tell them (they heed this header) when a wait would be too long."""
    encoded = response.headers.get("Content-Encoding", "identity").lower() != "identity"
    if isinstance(response.stream, httpx2.AsyncByteStream):
        response.stream = _Bounded(response.stream, encoded=encoded)
    if any(_seconds(response.headers.get(name, "0")) > bound for name, bound in _WAITS.items()):
        response.headers["x-should-retry"] = "false"


_WAITS = {"Retry-After": RETRY_AFTER, "Retry-After-Ms": RETRY_AFTER * 1000}


def _seconds(value: str) -> float:
    try:
        return float(value)
    except ValueError:
        return float("inf")  # a date: what is busy for so long is not waited for


class _Bounded(httpx2.AsyncByteStream):
    """A body that raises TooLongError after MAX_BYTES, and ValueError at once when it is encoded."""

    def __init__(self, stream: httpx2.AsyncByteStream, *, encoded: bool) -> None:
        self._stream = stream
        self._encoded = encoded

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._encoded:
            raise ValueError("the body has a content encoding, and none was accepted")
        size = 0
        async for piece in self._stream:
            size += len(piece)
            if size > MAX_BYTES:
                raise TooLongError(f"more than {MAX_BYTES} bytes")
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()
