"""Events have ids, and a client that comes back with one gets the whole stream again.

Requirement: life.resume-ignored (MUST or SHOULD).
Why it matters: an `id` makes browsers send `Last-Event-ID` when they reconnect. A server that sends ids and does not
look at the header lets every short loss of the network show all events a second time.
What to do: look at `Last-Event-ID`, or send no ids.
Right: the stream goes on behind the event of that id; or events have no ids.
Wrong: `Last-Event-ID: 7`, and the answer begins with `id: 1`.
Found by: reading the stream twice, to see that its ids are the same each time, then coming back with one from its
middle, or with the only one. A violation where the contract has `Last-Event-ID` as a parameter; else a warning, as HTML
leaves it to servers.
Spec: HTML, section 9.2.4, https://html.spec.whatwg.org/multipage/server-sent-events.html#the-last-event-id-header
"""

from __future__ import annotations

from collections.abc import Iterator

from streamcontract_harness.bench import Bench
from streamcontract_harness.exchange import Ending
from streamcontract_harness.results import Reported
from streamcontract_harness.resuming import come_back, gone_wrong, level_of, plain_request, read_whole, with_ids

__all__ = ["probe"]


def probe(bench: Bench) -> Iterator[Reported]:
    request = plain_request(bench)
    whole = read_whole(bench, request)
    id_ = whole.events[len(whole.events) // 2].id or ""
    exchange = come_back(bench, request, id_).exchange
    gone = gone_wrong(whole, id_, with_ids(exchange), ended=exchange.ending in (Ending.SERVER, Ending.ENOUGH))
    if gone is not None and gone.kind == "ignored":
        yield bench.fault(
            "life.resume-ignored", exchange,
            f"a client that has the events up to {id_!r} came back with Last-Event-ID: {gone.said}",
            expected=f"what stands behind {id_!r}", got=gone.said, level=level_of(bench), offset=gone.offset,
        )  # fmt: skip
