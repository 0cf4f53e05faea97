"""OPTIONS runs the stream, or fails.

Requirement: http.options (SHOULD).
Why it matters: browsers ask by OPTIONS before they send a request to another origin. It asks what may be done, and not
that it be done: a stream that is begun for it costs what a stream costs, and the browser waits for its end.
What to do: answer OPTIONS in the framework or in a CORS middleware, and register the handler for its own method only.
Right: 204 or 200 with `Allow`; 405 or 501 where the method is not known.
Wrong: an event stream; an answer without end; a server error that the contract does not have.
Spec: RFC 9110, section 9.3.7, https://www.rfc-editor.org/rfc/rfc9110#section-9.3.7
"""

from __future__ import annotations

from collections.abc import Iterator

from streamcontract import Level
from streamcontract_harness.bench import Bench
from streamcontract_harness.exchange import Ending, Exchange
from streamcontract_harness.results import Reported

__all__ = ["probe"]

SECONDS = 3.0
"""On top of three times what the operation's own answer takes until its first byte."""


def probe(bench: Bench) -> Iterator[Reported]:
    seconds = 3 * bench.first_byte_after + SECONDS
    exchange = bench.read(bench.fresh().with_method("OPTIONS"), seconds=seconds).exchange
    if got := _wrong(bench, exchange):
        yield bench.fault(
            "http.options", exchange, f"OPTIONS, which asks for what may be done, was answered with {got}",
            expected="204 or 200 with Allow, or 405", got=got, level=Level.SHOULD,
        )  # fmt: skip


def _wrong(bench: Bench, exchange: Exchange) -> str:
    status = exchange.status or 0
    if exchange.media_type == "text/event-stream" and status < 300:
        return "an event stream"
    if exchange.ending is Ending.TIME:
        what = "an answer that had not ended" if exchange.answered else "nothing"
        return f"{what} within {exchange.ended - exchange.started:.1f} s"
    return str(status) if bench.documented.is_fault(status) else ""
