"""Two streams at the same time get in each other's way.

Requirement: life.two-readers (MUST).
Why it matters: a server is used by more than one client at a time; state that streams share mixes one client's events
into another's, and shows a user what was meant for somebody else.
What to do: keep what belongs to one stream in that stream's own handler, not in a variable of the module.
Right: two clients ask at the same time, and each gets a stream that is right by itself.
Wrong: both streams are fed from one variable, so that each gets half of the events.
Spec: RFC 9110, section 3.3, https://www.rfc-editor.org/rfc/rfc9110#section-3.3
"""

from __future__ import annotations

from collections.abc import Iterator

from streamcontract import Level
from streamcontract_harness.bench import Bench, NotTried
from streamcontract_harness.results import Reported

__all__ = ["probe"]


def probe(bench: Bench) -> Iterator[Reported | NotTried]:
    requests = [bench.fresh(), bench.fresh()]
    if requests[0] is None or requests[1] is None:
        yield NotTried("the calls before the stream did not lead to it again")
        return
    for judgement in bench.together([request for request in requests if request is not None]):
        wrong = [finding for finding in judgement.findings if finding.level is Level.MUST]
        if wrong:
            yield bench.fault(
                "life.two-readers", judgement.exchange,
                f"a stream that was right by itself is not when two are read at the same time: {wrong[0].message}",
                expected="two streams, each right by itself", got=wrong[0].id, offset=wrong[0].offset,
            )  # fmt: skip
            return
