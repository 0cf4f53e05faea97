"""A content type that the contract does not document, or none; no event stream where one was due.

Requirement: http.content-type (MUST).
Why it matters: a browser's EventSource fails for good on anything but `text/event-stream`, and other clients choose
their parser by it.
What to do: set the type that the contract has for this status, once.
Right: `Content-Type: text/event-stream`, also with `; charset=utf-8`.
Wrong: `Content-Type: text/plain` on a stream of events; two different ones.
Spec: HTML, section 9.2.3, https://html.spec.whatwg.org/multipage/server-sent-events.html#sse-processing-model
"""

from collections.abc import Iterator

from streamcontract import Finding
from streamcontract_harness.checks.fault import fault
from streamcontract_harness.documented import Documented
from streamcontract_harness.exchange import Exchange

__all__ = ["check"]


def check(exchange: Exchange, documented: Documented) -> Iterator[Finding]:
    yield from _documented(exchange, documented)
    different = {value.partition(";")[0].strip().lower() for name, value in exchange.headers if name == "content-type"}
    if len(different) > 1:
        got = " and ".join(sorted(different))
        message = f"the answer has more than one Content-Type: {got}"
        yield fault("http.content-type", exchange, message, expected="one Content-Type", got=got, place="twice")


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
