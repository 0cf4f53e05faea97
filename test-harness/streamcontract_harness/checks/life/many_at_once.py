"""Many streams at once are not all served.

Requirement: life.many-at-once (MUST or SHOULD).
Why it matters: each open stream holds a connection, and whatever the server keeps for it; the first busy day is a bad
time to learn that the eleventh reader breaks the stream of the first.
What to do: find what the streams share (threads of a pool, connections to a database, open files), give it room for
as many as are served, and refuse the others with 429 or 503 before their streams begin.
Right: twenty clients ask at once; each gets a stream that is right by itself, or is refused as the contract says
(429, 503). Fewer are sent where that many would take half of the time limit one by one.
Wrong: some of the streams break off or lose events; some are refused by an undocumented status; and, as a warning, some
get no answer within the time limit, though their connection stays open.
Not wrong: a connection that is refused, closed or reset before an answer has begun: a server need not say that it is
busy. It is told as what could not be tried.
Spec: RFC 9112, section 8, https://www.rfc-editor.org/rfc/rfc9112#section-8; RFC 9110, section 15.6.4, on servers that
are busy, https://www.rfc-editor.org/rfc/rfc9110#section-15.6.4
"""

from __future__ import annotations

from collections.abc import Iterator

from streamcontract import Level
from streamcontract_harness.bench import Bench, NotTriedError
from streamcontract_harness.results import Reported
from streamcontract_harness.service import Served, Service, first_wrong, served, settled

__all__ = ["probe"]

MANY = 20


def probe(bench: Bench) -> Iterator[Reported]:
    answers = settled(lambda: _at_once(bench))
    wrong = first_wrong(answers)
    turned_away = sum(answer.is_turned_away for answer in answers)
    number = sum(answer.service is Service.WRONG for answer in answers) - turned_away
    if wrong is None:
        if all(answer.service is Service.REFUSED for answer in answers):
            raise NotTriedError(f"none of {len(answers)} at once was served: {answers[0].said}")
    elif wrong.is_turned_away:
        raise NotTriedError(f"of {len(answers)} at once, {turned_away} were turned away: {wrong.said}")
    else:
        yield bench.fault(
            "life.many-at-once", wrong.judgement.exchange,
            f"of {len(answers)} streams at once, {number} were not as before; the first of them: {wrong.said}",
            expected="each a right stream, or refused as the contract says", got=wrong.id or wrong.said,
            level=Level.MUST if wrong.judgement.exchange.answered else Level.SHOULD, offset=wrong.offset,
        )  # fmt: skip


def _at_once(bench: Bench) -> list[Served]:
    requests = [bench.fresh() for _ in range(bench.most(MANY))]
    return [served(bench, judgement) for judgement in bench.together(requests)]
