"""What rules and schemas speak of: bodies as parsed JSON, and the exchange whose link led to a request."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from streamcontract import Linked, Response
from streamcontract.contract.json_text import JsonError, decode_json
from streamcontract_harness.exchange import Ending, Exchange, SentRequest

__all__ = ["LARGEST", "linked_by", "linked_to", "parsed", "unreadable"]

LARGEST = 2**20
"""Bytes of an answer that rules may speak of by `linked`; a request behind a longer one counts as led to by no link."""

LARGEST_ANSWER = 4 * 2**20
MOST_MEMBERS = 200_000
"""Bytes, and commas and brackets, of an answer whose body is judged: it takes a hundred bytes for each to hold it, and
Schemathesis holds many answers at a time."""


def unreadable(exchange: Exchange) -> str:
    """Why the body of an answer that is no stream cannot be judged, though it may be right; empty when it can be.

    RFC 8259, section 9: an implementation may set limits on the size of texts, the depth of nesting and the range of
    numbers. These are those of Python's own reader, by which Schemathesis reads.
    """
    if exchange.ending is Ending.SIZE:
        return f"an answer was not read to its end: {exchange.ending.value}"
    if exchange.size > LARGEST_ANSWER:
        return f"an answer of {exchange.size:,} bytes is too large to be judged"
    return _unreadable_json(exchange.body) if "json" in exchange.media_type else ""


def _unreadable_json(body: bytes) -> str:
    if sum(map(body.count, (b",", b"[", b"{"))) > MOST_MEMBERS:
        return f"JSON of more than {MOST_MEMBERS:,} members is too large to be judged"
    try:
        json.loads(body)
    except RecursionError:
        return "JSON was nested too deeply to be judged"
    except (json.JSONDecodeError, UnicodeDecodeError):
        pass  # it is no JSON, which is for others to tell
    except ValueError:
        return "a number in JSON had too many digits to be judged"
    return ""


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
