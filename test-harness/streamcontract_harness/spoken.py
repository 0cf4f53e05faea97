"""What rules speak of: bodies as parsed JSON, and the exchange whose link led to a request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streamcontract import Linked, Response
from streamcontract.contract.json_text import JsonError, decode_json
from streamcontract_harness.exchange import Exchange, SentRequest

__all__ = ["LARGEST", "linked_by", "linked_to", "parsed"]

LARGEST = 2**20
"""Bytes of an answer that rules may speak of by `linked`; a request behind a longer one counts as led to by no link."""


def parsed(body: bytes, content_type: str) -> Any:
    """The body as rules speak of it: JSON, else text."""
    text = body.decode(errors="replace")
    if "json" in content_type:
        try:
            return decode_json(text)
        except JsonError:
            return text
    return text


def linked_by(exchange: Exchange) -> Linked | None:
    """The exchange, for the request that a link of its answer leads to."""
    return linked_to(exchange.request, exchange.status or 0, exchange.header_map(), exchange.chunks.data)


def linked_to(request: SentRequest, status: int, headers: Mapping[str, str], body: bytes | bytearray) -> Linked | None:
    """A request and its answer, for the request that a link leads to; None when the answer is too long to keep.

    A stream is not kept as a body: what its links take is in its head, or in the request.
    """
    content_type = headers.get("content-type", "").lower()
    is_stream = content_type.partition(";")[0].strip() == "text/event-stream"
    if not is_stream and len(body) >= LARGEST:
        return None
    answer = None if is_stream else parsed(bytes(body), content_type)
    return Linked(request.operation, request.view, Response(status, headers), answer)
