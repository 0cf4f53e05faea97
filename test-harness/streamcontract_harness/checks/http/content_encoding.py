"""A compressed answer, though the request asked for none.

Requirement: http.content-encoding (MUST).
Why it matters: a compressor holds events back until its block is full, and a client that said `identity` cannot read
what it gets. The answer is not unpacked here, so nothing in it is judged: a violation, though the RFC has a SHOULD.
What to do: leave event streams out of compression, in the server and in every proxy, or at least look at
`Accept-Encoding`.
Right: no `Content-Encoding` in the answer to `Accept-Encoding: identity`.
Wrong: `Content-Encoding: gzip`.
Spec: RFC 9110, section 12.5.3, https://www.rfc-editor.org/rfc/rfc9110#section-12.5.3
"""

from collections.abc import Iterator

from streamcontract import Finding
from streamcontract_harness.checks.fault import fault
from streamcontract_harness.documented import Documented
from streamcontract_harness.exchange import Exchange

__all__ = ["check"]


def check(exchange: Exchange, documented: Documented) -> Iterator[Finding]:
    coding = exchange.header("content-encoding")
    if coding is None or coding.strip().lower() == "identity" or not _asked_for_identity(exchange):
        return
    message = f"the answer is compressed ({coding}), though the request accepts no coding"
    yield fault("http.content-encoding", exchange, message, expected="no Content-Encoding", got=coding)


def _asked_for_identity(exchange: Exchange) -> bool:
    return (exchange.request.header("accept-encoding") or "identity").strip().lower() == "identity"
