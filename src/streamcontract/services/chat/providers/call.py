"""One streaming call through an SDK: its HTTP client, its times, its end."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

import anyio
import httpx2

from streamcontract.services import outgoing
from streamcontract.services.chat.providers.faults import NOT_A_STREAM
from streamcontract.services.chat.providers.provider import ProviderError

__all__ = ["RETRY_AFTER", "SdkStream", "Times", "events", "make_http_client"]

RETRY_AFTER = 20.0
"""Seconds that a provider may ask us to wait before the next try; asked for more, we give up at once."""


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
    client = outgoing.make_http_client(times.silent)
    client.event_hooks = {"response": [*client.event_hooks["response"], _heed]}
    return client


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


async def _heed(response: httpx2.Response) -> None:
    """Tell the SDKs, which heed this header, when the wait before another try would be too long."""
    if any(_seconds(response.headers.get(name, "0")) > bound for name, bound in _WAITS.items()):
        response.headers["x-should-retry"] = "false"


_WAITS = {"Retry-After": RETRY_AFTER, "Retry-After-Ms": RETRY_AFTER * 1000}


def _seconds(value: str) -> float:
    try:
        return float(value)
    except ValueError:
        return float("inf")  # a date: what is busy for so long is not waited for
