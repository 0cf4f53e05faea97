"""A request whose `Accept` excludes event streams is answered wrongly.

Requirement: http.accept (MUST or SHOULD).
Why it matters: a client that cannot read event streams must be able to tell that it has one in front of it.
What to do: look at `Accept` before the stream begins and answer 406, as the contract documents, or leave the header
alone; do not put the type that was asked for on the events.
Right: 406; or the stream all the same, as `text/event-stream`, since a server may disregard the header; or another
answer that the contract has.
Wrong: a server error that the contract does not have, or no answer; events under the media type that was asked for;
and, as a warning, the stream where the contract documents a 406.
Not wrong: an answer that comes once, and another when the same is asked again.
Spec: RFC 9110, section 12.4.1, https://www.rfc-editor.org/rfc/rfc9110#section-12.4.1
"""

from __future__ import annotations

from collections.abc import Iterator

from streamcontract import Level
from streamcontract_harness.bench import Bench
from streamcontract_harness.exchange import Ending, Exchange
from streamcontract_harness.judge import Judgement
from streamcontract_harness.received import events_of
from streamcontract_harness.results import Reported

__all__ = ["probe"]

EXCLUDING = ("application/json", "text/event-stream;q=0, */*;q=0.1")
EXPECTED = "406, or the stream as text/event-stream"
NOT_ACCEPTABLE = 406


def probe(bench: Bench) -> Iterator[Reported]:
    for accept in EXCLUDING:
        judgement, found = _asked(bench, accept)
        if found is not None:
            judgement, found = _asked(bench, accept)  # what comes once is no proof
        if found is not None:
            got, level = found
            yield bench.fault(
                "http.accept", judgement.exchange, f"a request with `Accept: {accept}` was answered with {got}",
                expected="406, as documented" if level is Level.SHOULD else EXPECTED, got=got, level=level,
            )  # fmt: skip
            return


def _asked(bench: Bench, accept: str) -> tuple[Judgement, tuple[str, Level] | None]:
    judgement = bench.read(bench.fresh().with_header("accept", accept))
    return judgement, _wrong(bench, judgement)


def _wrong(bench: Bench, judgement: Judgement) -> tuple[str, Level] | None:
    exchange = judgement.exchange
    status = exchange.status or 0
    if not exchange.answered:
        said = exchange.detail or f"nothing within {exchange.ended - exchange.started:.1f} s"
        return None if exchange.ending is Ending.UNREACHABLE else (said, Level.MUST)
    if bench.documented.is_fault(status):
        return str(status), Level.MUST
    if judgement.monitor is None and status < 300 and _is_in_disguise(bench, exchange):
        return f"events under Content-Type {exchange.header('content-type') or '(none)'}", Level.MUST
    if judgement.monitor is not None and bench.documented.is_literal(NOT_ACCEPTABLE):
        return "the event stream, though 406 is documented", Level.SHOULD
    return None


def _is_in_disguise(bench: Bench, exchange: Exchange) -> bool:
    """Whether the body is made of events that the contract knows."""
    if exchange.media_type == "text/event-stream" or exchange.header("content-encoding") not in (None, "identity"):
        return False
    classify = bench.stream.classifier.classify
    named = [classify(event.event, event.data, event.id, event.retry) for event in events_of(exchange)]
    return bool(named) and all(classified.symbol is not None and not classified.faults for classified in named)
