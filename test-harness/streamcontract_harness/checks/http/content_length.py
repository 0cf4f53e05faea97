"""An event stream says its length before it begins.

Requirement: http.content-length (SHOULD).
Why it matters: a length can be said only when all events are there, so all of it was made before the first byte was
sent; what happens while the client reads cannot be in it. A proxy that adds a length holds the whole stream back.
What to do: begin the answer before the events are made, and send each when it happens. What is not meant as a stream
is a plain answer, and better documented as one.
Right: `Transfer-Encoding: chunked`; no length and the connection closed at the end; a stream in HTTP/2.
Wrong: `Content-Length: 1532` on `Content-Type: text/event-stream`.
Not wrong: `Content-Length: 0`, which says that there is nothing.
Spec: HTML, section 9.2.1, https://html.spec.whatwg.org/multipage/server-sent-events.html#server-sent-events-intro; RFC
9110, section 8.6, https://www.rfc-editor.org/rfc/rfc9110#section-8.6
"""

from collections.abc import Iterator

from streamcontract import Finding, Level
from streamcontract_harness.checks.fault import fault
from streamcontract_harness.documented import Documented
from streamcontract_harness.exchange import Exchange

__all__ = ["check"]


def check(exchange: Exchange, documented: Documented) -> Iterator[Finding]:
    length = exchange.header("content-length")
    if length is None or length.strip() == "0" or exchange.header("transfer-encoding") is not None:
        return
    if documented.is_stream(exchange.status or 0, exchange.media_type):
        message = f"the stream says its length, {length} bytes: all of it was made before the first byte was sent"
        yield fault(
            "http.content-length", exchange, message, level=Level.SHOULD, expected="no Content-Length", got=length
        )
