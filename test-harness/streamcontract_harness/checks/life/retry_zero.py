"""The stream tells clients to come back without waiting: `retry: 0`.

Requirement: life.retry-zero (SHOULD).
Why it matters: whenever the stream ends or the server is down, every client asks again at once, and again, as fast as
it can: one restart becomes an attack by one's own users.
What to do: announce some seconds, `retry: 3000`, or nothing, which leaves it to the browser. A stream that is over
for good answers the next request with 204, after which clients do not come back.
Right: `retry: 3000`; no `retry`.
Wrong: `retry: 0`, also where a later line puts it right, as the connection may break off before that.
Not wrong: `retry: 0.5` or `retry: -0`, which clients ignore, as they are not digits alone; `retry: 0` inside `data`, or
on a last line that does not end.
Spec: HTML, section 9.2.6, https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation;
HTML, section 9.2.3, https://html.spec.whatwg.org/multipage/server-sent-events.html#reestablish-the-connection
"""

import re
from collections.abc import Iterator

from streamcontract import Finding, Level
from streamcontract_harness.checks.fault import fault
from streamcontract_harness.documented import Documented
from streamcontract_harness.exchange import Exchange

__all__ = ["check"]

ZERO = re.compile(rb"retry: ?0+[\r\n]")
"""A field's name, a colon, one blank at most, ASCII digits alone, and the end of the line."""
BOM = b"\xef\xbb\xbf"


def check(exchange: Exchange, documented: Documented) -> Iterator[Finding]:
    if not documented.is_stream(exchange.status or 0, exchange.media_type):
        return
    if exchange.header("content-encoding") not in (None, "identity"):
        return  # its bytes are not the stream's
    offset = _first(exchange.chunks.data)
    if offset is not None:
        message = "the stream tells clients to come back without waiting (retry: 0), so they ask as fast as they can"
        yield fault(
            "life.retry-zero",
            exchange,
            message,
            level=Level.SHOULD,
            expected="a reconnection time of some seconds, or none",
            got="retry: 0",
            offset=offset,
        )


def _first(data: bytearray) -> int | None:
    """Where the first such line begins."""
    for match in ZERO.finditer(data):
        begin = match.start()
        if begin == 0 or data[begin - 1] in b"\r\n" or (begin == len(BOM) and data.startswith(BOM)):
            return begin
    return None
