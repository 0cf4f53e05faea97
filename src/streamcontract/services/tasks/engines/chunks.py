"""The events of an engine's stream, each of them a JSON object in `data`, as both formats have it."""

import json
from collections.abc import AsyncGenerator
from typing import TypeVar

import httpx2
import msgspec

from streamcontract.services.outgoing import TooLongError
from streamcontract.services.tasks.engines.faults import check_kind, of_error
from streamcontract.wire.decoder import Decoder
from streamcontract.wire.events import ReceivedEvent, WireFault

__all__ = ["chunks"]

TOO_LONG = frozenset({"line-too-long", "event-too-long"})

T = TypeVar("T")


async def chunks(response: httpx2.Response, kind: type[T], *, secret: str) -> AsyncGenerator[T, None]:
    """The objects, up to the end of the stream or to `[DONE]`.

    Raises PoolError for an answer that is no stream and for an error in it, TooLongError, and ValueError or
    RecursionError for what cannot be read.
    """
    check_kind(response)
    decoder = Decoder()
    async for data in response.aiter_raw():
        for item in decoder.feed(data):
            if isinstance(item, ReceivedEvent):
                if item.data == "[DONE]":
                    return
                # The standard parser, as it lets half a surrogate pair pass, whose other half may be in the next event.
                found = json.loads(item.data)
                if isinstance(found, dict) and found.get("error"):
                    raise of_error(found["error"], secret=secret)
                yield msgspec.convert(found, kind)
            elif isinstance(item, WireFault) and item.name in TOO_LONG:
                raise TooLongError(item.detail)
