"""The server does not notice that its clients have left.

Requirement: life.leaving-unnoticed (SHOULD).
Why it matters: the work for a stream that nobody reads costs what it costs (a model's tokens, a place in a pool), and
those who still wait, wait for it.
What to do: watch for the disconnect while the stream waits for its next event (`http.disconnect` in ASGI, the
request's context in Go, `close` on the response in Node), and cancel the work.
Right: the connection is watched while the stream is made; when the client closes it, the handler is cancelled.
Wrong: a server that makes one stream after the other makes each to its end, and the next client waits for all of
those that have left; or, checked with `--app`, calls of the application go on after their clients have left.
Spec: RFC 9112, section 9.5, https://www.rfc-editor.org/rfc/rfc9112#section-9.5
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from streamcontract import Level
from streamcontract_harness.bench import Bench, NotTriedError, first_byte_after
from streamcontract_harness.exchange import Exchange
from streamcontract_harness.leaving import LEAVERS, leave, patience
from streamcontract_harness.reading import Reading
from streamcontract_harness.results import Reported
from streamcontract_harness.service import Service, served

__all__ = ["probe"]

ID = "life.leaving-unnoticed"
LATE = 0.75
"""Seconds on top of three times what it took before, from which an answer is late."""
NOTICED = 2.0
"""Seconds within which an application has noticed."""
STEP = 0.02


def probe(bench: Bench) -> Iterator[Reported]:
    if bench.options.open_calls is not None:
        yield from _inside(bench, bench.options.open_calls)
    else:
        yield from _outside(bench)


def _inside(bench: Bench, open_calls: Callable[[], int]) -> Iterator[Reported]:
    """In this process it can be counted how many calls of the application go on."""
    rest = bench.options.timeout if bench.is_endless else bench.lasts - bench.first_byte_after
    wait = min(NOTICED, rest / 2)
    if wait < 10 * STEP:
        raise NotTriedError(f"the stream is over in {bench.lasts:.2f} s, too soon to see whether leaving it is noticed")
    before = open_calls()
    left = leave(bench)
    deadline = time.monotonic() + wait
    while open_calls() > before and time.monotonic() < deadline:
        bench.wait(STEP)
    still = open_calls() - before
    if still > 0:
        yield bench.fault(
            ID, left[0].exchange,
            f"{wait:.1f} s after {len(left)} clients had left, {still} calls of the application for them still went on",
            expected="the calls are cancelled when their clients leave", got=f"{still} go on", level=Level.SHOULD,
        )  # fmt: skip


def _outside(bench: Bench) -> Iterator[Reported]:
    """Elsewhere it shows only where those who come later have to wait; a delay that is seen once is no proof."""
    limit = 3 * bench.first_byte_after + LATE
    if not bench.is_endless and bench.most(LEAVERS) * bench.lasts - patience(bench) < 1.3 * limit:
        raise NotTriedError(f"the stream is over in {bench.lasts:.2f} s, too soon to see whether leaving it is noticed")
    left = len(leave(bench))
    late, reported = _first_byte(bench)
    if late <= limit:
        return
    alone, _ = _first_byte(bench)
    leave(bench)
    again, _ = _first_byte(bench)
    if alone <= limit < again:
        yield bench.fault(
            ID, reported,
            f"after {left} clients had left in the middle of their streams, the next one waited {late:.1f} s for the "
            f"first byte (again {again:.1f} s; while nobody had left {alone:.2f} s): streams that nobody reads go on",
            expected=f"the first byte within {limit:.1f} s", got=f"after {late:.1f} s", level=Level.SHOULD,
        )  # fmt: skip


def _first_byte(bench: Bench) -> tuple[float, Exchange]:
    judgement = bench.read(bench.fresh(), Reading(leave_after=1))
    answer = served(bench, judgement)
    if answer.service is not Service.RIGHT:
        raise NotTriedError(f"once clients had left, the next one got no stream: {answer.said}")
    return first_byte_after(judgement.exchange), judgement.exchange
