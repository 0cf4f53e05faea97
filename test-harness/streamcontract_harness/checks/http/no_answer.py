"""The server does not answer.

Requirement: http.no-answer (MUST).
Why it matters: a client that gets no status line knows nothing: not whether it may ask again, not what went wrong.
What to do: answer every request with a status, also one that cannot be read or that comes too early; a proxy in
between does it when the server is gone.
Right: `HTTP/1.1 503 Service Unavailable`, at least.
Wrong: the connection is closed, reset or kept open in silence before a response has begun.
Spec: RFC 9110, section 3.4, https://www.rfc-editor.org/rfc/rfc9110#section-3.4
"""

from collections.abc import Iterator

from streamcontract import Finding
from streamcontract_harness.checks.fault import fault
from streamcontract_harness.documented import Documented
from streamcontract_harness.exchange import Ending, Exchange

__all__ = ["check"]


def check(exchange: Exchange, documented: Documented) -> Iterator[Finding]:
    if exchange.answered or exchange.ending not in (Ending.TIME, Ending.CUT):
        return
    if exchange.ending is Ending.TIME:
        got = f"nothing within {exchange.ended - exchange.started:.1f} s"
    else:
        got = exchange.detail
    yield fault("http.no-answer", exchange, f"the request was not answered: {got}", expected="a response head", got=got)
