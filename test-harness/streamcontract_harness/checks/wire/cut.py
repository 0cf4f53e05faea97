"""The connection breaks off before the response has ended.

Requirement: wire.cut (MUST).
Why it matters: a client cannot tell a stream that is over from one that broke off; EventSource reconnects and asks for
everything again.
What to do: end the response with its last chunk. Look for a worker that was killed, a proxy's time limit, an
exception in the middle; one that cannot be told by a failure event may end so.
Right: the last chunk (`0`, a blank line) ends the response, then the connection is closed.
Wrong: a TCP reset in the middle; the end of the connection without the last chunk, or before Content-Length is met.
Spec: RFC 9112, section 8, https://www.rfc-editor.org/rfc/rfc9112#section-8
"""

from collections.abc import Iterator

from streamcontract import Finding
from streamcontract_harness.checks.fault import fault
from streamcontract_harness.documented import Documented
from streamcontract_harness.exchange import Ending, Exchange

__all__ = ["check"]


def check(exchange: Exchange, documented: Documented) -> Iterator[Finding]:
    if exchange.ending is not Ending.CUT or not exchange.answered:
        return
    yield fault(
        "wire.cut",
        exchange,
        f"the connection broke off after {exchange.size:,} bytes, before the response had ended: {exchange.detail}",
        expected="the end of the response",
        got=exchange.detail,
        offset=exchange.size,
    )
