"""HEAD is answered with content, or not at all.

Requirement: http.head (MUST or SHOULD).
Why it matters: proxies, link checkers and health checks ask by HEAD. Bytes behind the head of such an answer are taken
for the next answer on the connection, and a handler that runs the whole stream first leaves them waiting.
What to do: send the head and end there, without running the handler; a framework that sends HEAD to the handler of
GET does not know that it streams. Or refuse the method with 405.
Right: the head that GET would have, and nothing behind it; or 405, 404, 501.
Wrong: events behind the head; no head as long as the stream goes on; and, as a warning, a server error.
Spec: RFC 9110, section 9.3.2, https://www.rfc-editor.org/rfc/rfc9110#section-9.3.2
"""

from __future__ import annotations

from collections.abc import Iterator

from streamcontract import Level
from streamcontract_harness.bench import Bench, NotTriedError
from streamcontract_harness.exchange import Ending
from streamcontract_harness.reading import Reading
from streamcontract_harness.results import Reported

__all__ = ["probe"]

ID = "http.head"
EXPECTED = "a head, and nothing behind it"
SECONDS = 3.0
"""On top of three times what GET takes until its first byte."""


def probe(bench: Bench) -> Iterator[Reported]:
    if bench.operation.method != "GET":
        raise NotTriedError(f"the operation is {bench.operation.method}, and HEAD asks for what GET would give")
    linger = min(max(0.3, 2 * bench.first_byte_after), SECONDS)
    seconds = 3 * bench.first_byte_after + SECONDS
    exchange = bench.read(bench.fresh().with_method("HEAD"), Reading(linger=linger), seconds=seconds).exchange
    status = exchange.status or 0
    if exchange.ending is Ending.UNREACHABLE:
        raise NotTriedError(exchange.detail)
    if not exchange.answered:
        got = exchange.detail or f"nothing within {exchange.ended - exchange.started:.1f} s"
        message = f"HEAD was not answered: {got}; GET had its first byte after {bench.first_byte_after:.2f} s"
        yield bench.fault(ID, exchange, message, expected=EXPECTED, got=got)
    elif extra := exchange.extra.strip(b"\r\n"):
        message = f"HEAD was answered with content behind the head: {extra!r}"
        yield bench.fault(ID, exchange, message, expected=EXPECTED, got=repr(extra), place="content")
    elif status >= 500 and status not in (501, 503):
        message = f"HEAD was answered with {status}, and GET with {bench.good.exchange.status}"
        yield bench.fault(ID, exchange, message, expected=EXPECTED, got=str(status), level=Level.SHOULD)
