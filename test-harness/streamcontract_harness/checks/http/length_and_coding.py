"""An answer with both Content-Length and Transfer-Encoding.

Requirement: http.length-and-coding (MUST).
Why it matters: where the answer ends is then read in two ways, and two readers in a row that disagree are how answers
are smuggled into each other's place; many proxies refuse such an answer.
What to do: leave Content-Length out where the answer is chunked. It is often set by a handler, or kept by a proxy, that
does not know of the coding.
Right: `Transfer-Encoding: chunked` alone.
Wrong: `Content-Length: 1532` and `Transfer-Encoding: chunked`.
Spec: RFC 9112, section 6.2, https://www.rfc-editor.org/rfc/rfc9112#section-6.2; RFC 9112, section 6.3, paragraph 3,
https://www.rfc-editor.org/rfc/rfc9112#section-6.3
"""

from collections.abc import Iterator

from streamcontract import Finding
from streamcontract_harness.checks.fault import fault
from streamcontract_harness.documented import Documented
from streamcontract_harness.exchange import Exchange

__all__ = ["check"]


def check(exchange: Exchange, documented: Documented) -> Iterator[Finding]:
    length, coding = exchange.header("content-length"), exchange.header("transfer-encoding")
    if length is None or coding is None:
        return
    yield fault(
        "http.length-and-coding",
        exchange,
        f"the answer has both Content-Length ({length}) and Transfer-Encoding ({coding}), so where it ends is read in "
        "two ways; send the coding alone",
        expected="Transfer-Encoding alone",
        got="both",
    )
