"""A content type that the contract does not document, or none; no event stream where one was due.

Requirement: http.content-type (MUST).
Why it matters: a browser's EventSource fails for good on anything but `text/event-stream`, and other clients choose
their parser by it.
Right: `Content-Type: text/event-stream`, also with `; charset=utf-8`.
Wrong: `Content-Type: text/plain` on a stream of events; two different ones. Another charset than UTF-8 is a warning.
Spec: https://html.spec.whatwg.org/multipage/server-sent-events.html#sse-processing-model
"""

import re
from collections.abc import Iterator

from streamcontract import Finding, Level
from streamcontract_harness.checks.fault import fault
from streamcontract_harness.documented import Documented
from streamcontract_harness.exchange import Exchange

__all__ = ["check"]

CHARSET = re.compile(r""";\s*charset\s*=\s*"?([^\s";]+)""", re.IGNORECASE)


def check(exchange: Exchange, documented: Documented) -> Iterator[Finding]:
    yield from _documented(exchange, documented)
    different = {value.partition(";")[0].strip().lower() for name, value in exchange.headers if name == "content-type"}
    if len(different) > 1:
        got = " and ".join(sorted(different))
        message = f"the answer has more than one Content-Type: {got}"
        yield fault("http.content-type", exchange, message, expected="one Content-Type", got=got, place="twice")
    charset = CHARSET.search(exchange.header("content-type") or "")
    if exchange.media_type == "text/event-stream" and charset is not None and charset[1].lower() != "utf-8":
        message = f"an event stream is always read as UTF-8; its Content-Type says {charset[1]}"
        level, expected = Level.SHOULD, "charset=utf-8, or no charset"
        yield fault(
            "http.content-type", exchange, message, level=level, expected=expected, got=charset[1], place="charset"
        )


def _documented(exchange: Exchange, documented: Documented) -> Iterator[Finding]:
    response = documented.find(exchange.status) if exchange.status is not None else None
    if response is None or not response.media_types or response.allows(exchange.media_type):
        return
    if not exchange.media_type and not exchange.size and not documented.expects_stream(exchange.status or 0):
        return  # nothing was sent, so there is nothing to name
    expected = " or ".join(response.media_types)
    got = exchange.header("content-type") or "no Content-Type"
    message = f"the answer with status {exchange.status} must be {expected}; it has {got}"
    yield fault("http.content-type", exchange, message, expected=expected, got=got, place=str(exchange.status))
