"""Two streams at the same time get in each other's way.

Requirement: life.two-readers (MUST).
Why it matters: a server is used by more than one client at a time; state that streams share mixes one client's events
into another's, and shows a user what was meant for somebody else.
What to do: keep what belongs to one stream in that stream's own handler, not in a variable of the module.
Right: two clients ask at the same time, for the same or for different things, and each gets a stream that is right by
itself; or the contract documents how the second is refused (409, 429, 503).
Wrong: both streams are fed from one variable or one queue, so that each gets half of the events, or the other's.
Not wrong: a connection that is refused, closed or reset before an answer has begun, as a busy server may do; a status
that comes once and not again. The report says that it could not be tried.
Spec: RFC 9110, section 3.3, https://www.rfc-editor.org/rfc/rfc9110#section-3.3
"""

from __future__ import annotations

from collections.abc import Iterator

from streamcontract_harness.bench import Bench, NotTriedError
from streamcontract_harness.judge import Judgement
from streamcontract_harness.received import events_of, same_events
from streamcontract_harness.results import Reported
from streamcontract_harness.service import Served, Service, first_wrong, served, settled

__all__ = ["probe"]

ID = "life.two-readers"


def probe(bench: Bench) -> Iterator[Reported]:
    answers = settled(lambda: _by_twos(bench))
    wrong = first_wrong(answers)
    if wrong is not None and wrong.is_turned_away:
        raise NotTriedError(f"of two at the same time, one was turned away: {wrong.said}")
    if wrong is not None:
        yield bench.fault(
            ID, wrong.judgement.exchange,
            f"a stream that was right by itself is not when two are read at the same time: {wrong.said}",
            expected="two streams, each right by itself", got=wrong.id or wrong.said, offset=wrong.offset,
        )  # fmt: skip
        return
    alike, pair = answers[:2], answers[2:]
    if pair and all(answer.service is Service.RIGHT for answer in pair):
        yield from _mixed(bench, [answer.judgement for answer in pair])
    if all(answer.service is Service.REFUSED for answer in alike):
        raise NotTriedError(alike[0].said)


def _by_twos(bench: Bench) -> list[Served]:
    """Two clients that ask for the same, and then, where something else can be asked for, two that do not."""
    first = bench.fresh()
    alike = bench.together([first, first if bench.operation.method == "GET" else bench.fresh()])
    elsewhere = bench.lead_elsewhere()
    pair = bench.together([bench.fresh(), elsewhere]) if elsewhere is not None else []
    return [served(bench, judgement) for judgement in (*alike, *pair)]


def _mixed(bench: Bench, pair: list[Judgement]) -> Iterator[Reported]:
    """Events that stand in the other's stream, and in their own reader's at no other time."""
    alone = [bench.read(judgement.exchange.request) for judgement in pair]
    own = [{(event.event, event.data) for event in events_of(judgement.exchange)} for judgement in alone]
    for number, judgement in enumerate(pair):
        foreign = own[1 - number] - own[number]
        event = next((e for e in events_of(judgement.exchange) if (e.event, e.data) in foreign), None)
        if event is not None and _is_steady(bench, alone):
            yield bench.fault(
                ID, judgement.exchange,
                f"at byte {event.offset:,} stands an event of the stream that another client was reading",
                expected="the events of its own request", got="an event of the other's", offset=event.offset,
                place="mixed",
            )  # fmt: skip
            return


def _is_steady(bench: Bench, alone: list[Judgement]) -> bool:
    """Whether the requests give the same events whenever they are read alone: else a stream may well change."""
    return all(same_events(judgement, bench.read(judgement.exchange.request)) for judgement in alone)
