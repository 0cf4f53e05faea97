"""A client that comes back with `Last-Event-ID` misses events, gets some twice, or gets another stream's.

Requirement: life.resume (MUST or SHOULD).
Why it matters: browsers reconnect by themselves and send the id of the last event that they have. Whoever trusts that
shows text with a hole in it, or with a sentence twice, and nobody sees an error.
What to do: keep events by their ids for as long as a client may come back, ids of different streams apart, and go on
with the one behind `Last-Event-ID`.
Right: the stream goes on with the event behind that one; when there is none, an empty stream, or 204, which tells the
client not to come back.
Wrong: it goes on one event too late, or too early; it ends before all that is missing has come; it is the stream of
another request.
Found by: leaving in the middle and coming back, and coming back with the first id, one from the middle and the last.
A violation where the contract has `Last-Event-ID` as a parameter, else a warning.
Spec: HTML, section 9.2.4, https://html.spec.whatwg.org/multipage/server-sent-events.html#the-last-event-id-header
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from streamcontract import Level
from streamcontract_harness.bench import Bench, NotTriedError
from streamcontract_harness.exchange import Ending
from streamcontract_harness.judge import Judgement
from streamcontract_harness.reading import Reading
from streamcontract_harness.results import Reported
from streamcontract_harness.resuming import (
    Gone,
    Whole,
    come_back,
    gone_wrong,
    level_of,
    plain_request,
    read_whole,
    with_ids,
)
from streamcontract_harness.service import Service, served

__all__ = ["probe"]

NO_CONTENT = 204


def probe(bench: Bench) -> Iterator[Reported]:
    level = level_of(bench)
    request = plain_request(bench)
    begun = with_ids(bench.read(request, Reading(leave_after=1)).exchange)
    live = [(begun[-1].id or "", come_back(bench, request, begun[-1].id or ""))] if begun else []
    whole = read_whole(bench, request)
    ids = [event.id or "" for event in whole.events]
    live = [(id_, judgement) for id_, judgement in live if id_ in ids]
    middle, *others = dict.fromkeys((ids[len(ids) // 2], ids[0], ids[-1]))
    asked = [(middle, come_back(bench, request, middle)), *live]
    for id_, judgement in chain(asked, ((id_, come_back(bench, request, id_)) for id_ in others)):
        gone = _gone(bench, whole, id_, judgement, level)
        if gone is not None and gone.kind == "refused":  # what comes once is no proof
            gone = _gone(bench, whole, id_, come_back(bench, request, id_), level)
        if gone is None:
            continue
        if gone.kind == "ignored":
            raise NotTriedError("the server sends the whole stream again; life.resume-ignored is about that")
        yield bench.fault(
            "life.resume", judgement.exchange,
            f"a client that has the events up to {id_!r} came back with Last-Event-ID: {gone.said}",
            expected=f"what stands behind {id_!r}", got=gone.said, level=level, offset=gone.offset, place=gone.kind,
        )  # fmt: skip
        return


def _gone(bench: Bench, whole: Whole, id_: str, judgement: Judgement, level: Level) -> Gone | None:
    exchange, rest = judgement.exchange, whole.behind(id_)
    answer = served(bench, judgement)
    if judgement.monitor is None:
        if exchange.status == NO_CONTENT:
            return Gone("gap", f"204 says that there is no more, and {len(rest)} events are missing") if rest else None
        return Gone("refused", answer.said) if answer.service is Service.WRONG else None
    ended = exchange.ending in (Ending.SERVER, Ending.ENOUGH)
    gone = gone_wrong(whole, id_, with_ids(exchange), ended=ended)
    if gone is None and level is Level.MUST and rest and answer.service is Service.WRONG:
        return Gone("stream", answer.said, answer.offset)
    return gone
