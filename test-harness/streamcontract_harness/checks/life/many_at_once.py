"""Many streams at once are not all served.

Requirement: life.many-at-once (MUST).
Why it matters: each open stream holds a connection, and whatever the server keeps for it; the first busy day is a bad
time to learn that the eleventh reader breaks the stream of the first.
What to do: find what the streams share (threads of a pool, connections to a database, open files), give it room for
as many as are served, and refuse the others with 429 or 503 before their streams begin.
Right: twenty clients ask at once; each gets a stream that is right by itself, or is refused as the contract says
(429, 503). Fewer are sent where that many would take half of the time limit one by one.
Wrong: some of the streams break off, lose events or get no answer at all; some are refused by an undocumented status.
Spec: RFC 9110, section 15.6.4, https://www.rfc-editor.org/rfc/rfc9110#section-15.6.4
"""

from __future__ import annotations

from collections.abc import Iterator

from streamcontract_harness.bench import Bench, NotTriedError
from streamcontract_harness.results import Reported
from streamcontract_harness.service import Service, served

__all__ = ["probe"]

MANY = 20


def probe(bench: Bench) -> Iterator[Reported]:
    requests = [bench.fresh() for _ in range(bench.most(MANY))]
    answers = [served(bench, judgement) for judgement in bench.together(requests)]
    wrong = [answer for answer in answers if answer.service is Service.WRONG]
    if wrong:
        yield bench.fault(
            "life.many-at-once", wrong[0].judgement.exchange,
            f"of {len(answers)} streams at once, {len(wrong)} were not as before; the first of them: {wrong[0].said}",
            expected="each a right stream, or refused as the contract says", got=wrong[0].id or wrong[0].said,
            offset=wrong[0].offset,
        )  # fmt: skip
    elif all(answer.service is Service.REFUSED for answer in answers):
        raise NotTriedError(f"none of {len(answers)} at once was served: {answers[0].said}")
