"""HEAD is answered with content, or not at all.

Requirement: http.head (MUST or SHOULD).
Why it matters: proxies, link checkers and health checks ask by HEAD. Bytes behind the head of such an answer are taken
for the next answer on the connection, and a handler that runs the whole stream first leaves them waiting.
What to do: send the head and end there, without running the handler; a framework that sends HEAD to the handler of
GET does not know that it streams. Or refuse the method with 405.
Right: the head that GET would have, and nothing behind it; or 405, 404, 501.
Wrong: events behind the head; and, as warnings, no head as long as the stream goes on, or a server error that the
contract does not have.
Not wrong: a head that takes long; no standard says how long it may take. It is warned of where HEAD is asked twice, the
second time with twice the patience, and each time nothing comes for much longer than GET waits for its first byte.
Spec: RFC 9110, section 9.3.2, https://www.rfc-editor.org/rfc/rfc9110#section-9.3.2; RFC 9110, section 9.1, on servers
that support HEAD, https://www.rfc-editor.org/rfc/rfc9110#section-9.1
"""

from __future__ import annotations

from collections.abc import Iterator

from streamcontract import Level
from streamcontract_harness.bench import Bench, NotTriedError, first_byte_after
from streamcontract_harness.exchange import Ending, Exchange
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
    before = bench.first_byte_after
    exchange = _head(bench, 3 * before + SECONDS)
    if _is_in_doubt(bench, exchange):  # once is no proof, and GET may take as long by now
        control = bench.read(bench.fresh(), Reading(leave_after=1)).exchange
        if not control.answered:
            raise NotTriedError("GET was not answered either")
        before = max(before, first_byte_after(control))
        exchange = _head(bench, 2 * (3 * before + SECONDS))
    if exchange.ending is Ending.UNREACHABLE:
        raise NotTriedError(exchange.detail)
    if extra := exchange.extra.strip(b"\r\n"):
        message = f"HEAD was answered with content behind the head: {extra!r}"
        yield bench.fault(ID, exchange, message, expected=EXPECTED, got=repr(extra), place="content")
    elif not exchange.answered:
        got = exchange.detail or f"nothing within {exchange.ended - exchange.started:.1f} s"
        message = f"HEAD was not answered: {got}; GET had its first byte after {before:.2f} s"
        yield bench.fault(ID, exchange, message, expected=EXPECTED, got=got, level=Level.SHOULD)
    elif _is_in_doubt(bench, exchange):
        message = f"HEAD was answered with {exchange.status}, and GET with {bench.good.exchange.status}"
        yield bench.fault(ID, exchange, message, expected=EXPECTED, got=str(exchange.status), level=Level.SHOULD)


def _head(bench: Bench, seconds: float) -> Exchange:
    linger = min(max(0.3, 2 * bench.first_byte_after), SECONDS)
    return bench.read(bench.fresh().with_method("HEAD"), Reading(linger=linger), seconds=seconds).exchange


def _is_in_doubt(bench: Bench, exchange: Exchange) -> bool:
    """Whether it is no head, or one of a server error that the contract does not have."""
    return not exchange.answered or bench.documented.is_fault(exchange.status or 0)
