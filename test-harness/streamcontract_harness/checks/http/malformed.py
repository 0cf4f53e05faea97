"""What the server sends is no HTTP.

Requirement: http.malformed (MUST).
Why it matters: clients drop the connection where they stop understanding it, and all that comes after is lost.
What to do: leave the framing of HTTP to a library, and look for something else that writes to the socket: a log line,
a second response, bytes behind a length.
Right: `HTTP/1.1 200 OK`, header lines, a blank line, chunks whose sizes are right.
Wrong: a chunk's size that is no number; a head of megabytes; bytes of another protocol.
Spec: RFC 9112, sections 2.1 and 7.1, https://www.rfc-editor.org/rfc/rfc9112#section-7.1
"""

from collections.abc import Iterator

from streamcontract import Finding
from streamcontract_harness.checks.fault import fault
from streamcontract_harness.documented import Documented
from streamcontract_harness.exchange import Ending, Exchange

__all__ = ["check"]


def check(exchange: Exchange, documented: Documented) -> Iterator[Finding]:
    if exchange.ending is not Ending.MALFORMED:
        return
    where = f"after {exchange.size:,} bytes of the body" if exchange.answered else "in the response head"
    yield fault(
        "http.malformed",
        exchange,
        f"the answer is no HTTP, {where}: {exchange.detail}",
        expected="a well-formed HTTP/1.1 response",
        got=exchange.detail,
        offset=exchange.size if exchange.answered else None,
    )
