"""Once clients have left in the middle of their streams, the next one is not served as before.

Requirement: life.client-leaves (MUST).
Why it matters: clients leave all the time: a tab is closed, a phone loses its network. A server that keeps a lock, a
connection of its pool or a place in its queue for each of them serves fewer and fewer, and in the end nobody.
What to do: give back in a `finally` (or what the language has for it) all that a stream holds: locks, places in a
queue, connections of a pool.
Right: six clients leave behind the head or behind the first bytes; the same request is then answered by a stream that
is right, as it was before.
Wrong: an exception in the write to a closed connection leaves a lock held, and the next request waits for ever.
Not wrong: a status of the contract but 500, such as 503 or 504 while places are still taken; an answer that is no
stream, or takes too long, once, and is right when it is asked for again.
Spec: RFC 9112, section 9.5, https://www.rfc-editor.org/rfc/rfc9112#section-9.5
"""

from __future__ import annotations

from collections.abc import Iterator

from streamcontract_harness.bench import Bench, NotTriedError, first_byte_after
from streamcontract_harness.exchange import Ending
from streamcontract_harness.leaving import leave
from streamcontract_harness.results import Reported
from streamcontract_harness.service import Service, served

__all__ = ["probe"]

LONGEST = 3.0
"""Seconds for which the server is left in peace before it is asked once more."""


def probe(bench: Bench) -> Iterator[Reported]:
    left = len(leave(bench))
    answer = served(bench, bench.read(bench.fresh()))
    is_wrong = answer.service is Service.WRONG
    if is_wrong and answer.judgement.exchange.ending is Ending.TIME:
        answer = served(bench, bench.read(bench.fresh()))  # a delay that is seen once is no proof
    elif not (is_wrong and answer.is_stream):
        # once more, as a server learns only by its next write that they have left; nor is one answer a proof
        bench.wait(min(LONGEST, bench.lasts if answer.service is Service.RIGHT else max(1.0, bench.lasts)))
        answer = served(bench, bench.read(bench.fresh()))
    if answer.service is Service.REFUSED:
        raise NotTriedError(f"once {left} clients had left, {answer.said}, as the contract allows")
    if answer.service is Service.WRONG:
        exchange = answer.judgement.exchange
        after = f"after {first_byte_after(exchange):.2f} s" if exchange.size else "never"
        yield bench.fault(
            "life.client-leaves", exchange,
            f"after {left} clients had left in the middle of their streams, the same request is not served as before: "
            f"{answer.said} (first byte {after}; before that, after {bench.first_byte_after:.2f} s)",
            expected="the stream, as before", got=answer.id or answer.said, offset=answer.offset,
        )  # fmt: skip
