"""The connection cannot be used again after a stream, though the server has not said so.

Requirement: life.keep-alive (MUST).
Why it matters: clients and proxies send the next request over a connection whose last response has ended. Bytes that
stand behind that end are taken for the next answer, which may be another user's.
What to do: leave the framing to the HTTP library, write nothing behind the last chunk, and send `Connection: close`
where the connection is not to be used again.
Right: the stream ends with its last chunk, and the next request on the connection is answered like any other; or the
head says `Connection: close`; or the connection is closed.
Wrong: more bytes behind the last chunk; a second request that is never answered, or by a part of the first stream.
Not wrong: an answer to the second request that is no stream once, and a stream when it is tried again; 409, 429 or a
status from 500 on that the contract has, which says nothing of the connection.
Spec: RFC 9112, section 9.3, https://www.rfc-editor.org/rfc/rfc9112#section-9.3
"""

from __future__ import annotations

from collections.abc import Iterator

from streamcontract_harness.bench import Bench, NotTriedError
from streamcontract_harness.exchange import Ending
from streamcontract_harness.reading import Reading
from streamcontract_harness.results import Reported
from streamcontract_harness.service import Service, served

__all__ = ["probe"]

ID = "life.keep-alive"
LINGER = 0.25
"""Seconds that are waited for bytes behind the end."""


def probe(bench: Bench) -> Iterator[Reported]:
    if bench.good.exchange.ending is not Ending.SERVER:
        raise NotTriedError("the server does not end the response")
    yield from _in_a_row(bench, is_last=False)


def _in_a_row(bench: Bench, *, is_last: bool) -> Iterator[Reported]:
    answers = bench.in_turn([bench.fresh(), bench.fresh()], Reading(linger=LINGER))
    first = served(bench, answers[0])
    if first.service is not Service.RIGHT:
        raise NotTriedError(first.said)
    exchange = answers[0].exchange
    if extra := exchange.extra.strip(b"\r\n"):  # line ends may stand there (RFC 9112, section 2.2)
        yield bench.fault(
            ID, exchange,
            f"behind the end of the response came more bytes, which a client takes for its next answer: {extra!r}",
            expected="nothing until the next request", got=repr(extra), offset=exchange.size, place="extra",
        )  # fmt: skip
        return
    if len(answers) < 2:
        raise NotTriedError("the server closes the connection behind a stream")
    again = answers[1].exchange
    if not again.answered and again.ending is Ending.CUT:
        raise NotTriedError("the server closes the connection behind a stream")
    second = served(bench, answers[1])
    if second.service is Service.REFUSED and bench.documented.is_busy(again.status or 0):
        raise NotTriedError(second.said)
    if not second.is_stream and not is_last:
        yield from _in_a_row(bench, is_last=True)  # what comes once is no proof
    elif second.service is not Service.RIGHT:
        yield bench.fault(
            ID, again,
            f"over the connection of a stream that had ended, the same request is not served as before: {second.said}",
            expected="the stream, as before, or the end of the connection", got=second.id or second.said,
            offset=second.offset,
        )  # fmt: skip
