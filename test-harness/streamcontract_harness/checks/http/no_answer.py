"""The server does not answer, or not to the end.

Requirement: http.no-answer (MUST).
Why it matters: a client that gets no status line knows nothing: not whether it may ask again, not what went wrong.
What to do: answer every request with a status, also one that cannot be read or that comes too early; a proxy in
between does it when the server is gone.
Right: `HTTP/1.1 503 Service Unavailable`, at least.
Wrong: the connection is closed, reset or kept open in silence before a response has begun; an answer that is no stream
and does not end.
Spec: RFC 9110, section 3.4, https://www.rfc-editor.org/rfc/rfc9110#section-3.4
"""

from collections.abc import Iterator

from streamcontract import Finding
from streamcontract_harness.checks.fault import fault
from streamcontract_harness.documented import Documented
from streamcontract_harness.exchange import Ending, Exchange

__all__ = ["check"]


def check(exchange: Exchange, documented: Documented) -> Iterator[Finding]:
    if exchange.answered:
        yield from _unfinished(exchange, documented)
        return
    if exchange.ending not in (Ending.TIME, Ending.CUT):
        return
    got = f"nothing within {_seconds(exchange)}" if exchange.ending is Ending.TIME else exchange.detail
    yield fault("http.no-answer", exchange, f"the request was not answered: {got}", expected="a response head", got=got)


def _unfinished(exchange: Exchange, documented: Documented) -> Iterator[Finding]:
    """Only streams may go on for as long as they like."""
    if exchange.ending is not Ending.TIME or documented.is_stream(exchange.status or 0, exchange.media_type):
        return
    got = f"{exchange.size:,} bytes of it within {_seconds(exchange)}"
    message = f"the answer, which is no stream, did not end: there were {got}"
    yield fault("http.no-answer", exchange, message, expected="the end of the answer", got=got, place="end")


def _seconds(exchange: Exchange) -> str:
    return f"{exchange.ended - exchange.started:.1f} s"
