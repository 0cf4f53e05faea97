"""A reader that is slow gets a broken stream, or holds up the others.

Requirement: life.slow-reader (MUST).
Why it matters: phones and proxies read in fits and starts. A server that throws away what does not fit into a buffer
loses events in silence, and one that waits for its slowest reader in a place that all share lets all of them wait.
What to do: let each stream wait for its own connection (await the write, or its drain), with a bound for what is kept
for it.
Right: while a reader does not read, the server waits for it alone; then the stream goes on where it was.
Wrong: events are dropped when the connection's buffer is full; the connection is cut after a second without reading.
Found by: reading nothing for a while behind the head, with a small receive window, then to the end; meanwhile another
client asks. A stream that fits into the system's own buffers shows nothing (on one machine, Linux holds some MiB).
Spec: RFC 9112, section 9.5, https://www.rfc-editor.org/rfc/rfc9112#section-9.5
"""

from __future__ import annotations

from collections.abc import Iterator

from streamcontract_harness.bench import Bench, NotTriedError
from streamcontract_harness.exchange import Exchange
from streamcontract_harness.judge import Judgement
from streamcontract_harness.reading import Reading
from streamcontract_harness.results import Reported
from streamcontract_harness.service import Service, served

__all__ = ["probe"]

ID = "life.slow-reader"
LEAST = 65_536
"""Bytes of a stream from which a server may come to wait: less is in the buffers of any system."""
PAUSES = (1.5, 5.0)
"""Seconds: the shortest pause, and the longest, where the stream itself takes its time."""
APART = 0.2


def probe(bench: Bench) -> Iterator[Reported]:
    size = bench.good.exchange.size
    if size < LEAST:
        raise NotTriedError(
            f"a stream of {size:,} bytes fits into buffers, so that the server never waits for its reader"
        )
    pause = min(max(PAUSES[0], 4 * bench.lasts + 1), PAUSES[1], bench.options.timeout / 2)
    if pause + 2 * bench.lasts > bench.options.timeout:
        raise NotTriedError(f"the time limit of {bench.options.timeout:g} s leaves no time for it")
    slow, other = _both(bench, pause)
    for judgement, who in ((slow, f"reads nothing for {pause:g} s gets"), (other, "reads beside a slow one gets")):
        answer = served(bench, judgement)
        if answer.service is Service.REFUSED:
            raise NotTriedError(answer.said)
        if answer.service is Service.WRONG:
            yield bench.fault(
                ID, judgement.exchange,
                f"a client that {who} a stream that is not right any more: {answer.said}",
                expected="the stream, as it was before", got=answer.id or answer.said, offset=answer.offset,
            )  # fmt: skip
            return
    if _is_held_up(bench, slow.exchange, other.exchange, pause) and 2 * pause + bench.lasts < bench.options.timeout:
        slow, other = _both(bench, 2 * pause)
        if _is_held_up(bench, slow.exchange, other.exchange, 2 * pause):
            took = other.exchange.ended - other.exchange.started
            yield bench.fault(
                ID, other.exchange,
                f"while one client reads nothing for {2 * pause:g} s, another waits {took:.1f} s for its stream; "
                f"before that it took {bench.lasts:.2f} s",
                expected="each reader at its own pace", got=f"{took:.1f} s", place="another",
            )  # fmt: skip


def _both(bench: Bench, pause: float) -> tuple[Judgement, Judgement]:
    requests = [bench.fresh(), bench.fresh()]
    slow, other = bench.together(requests, [Reading(pause=pause), Reading()], apart=APART)
    return slow, other


def _is_held_up(bench: Bench, slow: Exchange, other: Exchange, pause: float) -> bool:
    """Whether the other was through only after the slow one read on, though its own stream takes much less."""
    if slow.head_at is None or slow.head_at > other.started:
        return False  # the slow one was not the first
    return other.ended >= slow.head_at + pause and other.ended - other.started > 3 * bench.lasts + pause / 4
