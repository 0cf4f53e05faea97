"""An event stream is made as a whole before it begins, and says its length.

Requirement: http.content-length (SHOULD).
Why it matters: a length can be said only when all events are there, so all of it was made before the first byte was
sent; what happens while the client reads cannot be in it. A proxy that adds a length holds the whole stream back.
What to do: begin the answer before the events are made, and send each when it happens. What is not meant as a stream
is a plain answer, and better documented as one.
Right: `Transfer-Encoding: chunked`; no length and the connection closed at the end; a stream in HTTP/2.
Wrong: twelve events with `Content-Length: 1532`, of which nothing comes for a second, and then all at once.
Not wrong: the length of a stream that comes at once, such as a stored one of what is over already; of a single event;
`Content-Length: 0`. No standard forbids a length, RFC 9110 asks for one where it is known: the advice is ours.
Spec: advice of this project, docs/findings.md; RFC 9110, section 8.6, on when a length is sent,
https://www.rfc-editor.org/rfc/rfc9110#section-8.6
"""

from collections.abc import Iterator

from streamcontract import Finding, Level
from streamcontract_harness.arrival import arrival_of
from streamcontract_harness.checks.fault import fault
from streamcontract_harness.documented import Documented
from streamcontract_harness.exchange import Exchange
from streamcontract_harness.received import events_of

__all__ = ["check"]

LATE = 0.5
"""Seconds until the first byte, from which on it can be told that the events were waited for."""


def check(exchange: Exchange, documented: Documented) -> Iterator[Finding]:
    length = exchange.header("content-length")
    if length is None or length.strip() == "0" or exchange.header("transfer-encoding") is not None:
        return
    if not documented.is_stream(exchange.status or 0, exchange.media_type):
        return
    arrival = arrival_of(exchange, 0)
    if arrival is None or arrival.first < LATE or not arrival.is_burst or len(events_of(exchange)) < 2:
        return
    message = (
        f"the stream says its length, {length} bytes, and came all at once after {arrival.first:.1f} s: "
        "all of it was made before the first byte was sent"
    )
    expected = "events as they happen, and no Content-Length"
    yield fault("http.content-length", exchange, message, level=Level.SHOULD, expected=expected, got=length)
