"""A reader that is slow gets a broken stream, or holds up the others.

Requirement: life.slow-reader (MUST or SHOULD).
Why it matters: phones and proxies read in fits and starts. A server that throws away what does not fit into a buffer
loses events in silence, and one that waits for its slowest reader in a place that all share lets all of them wait.
What to do: let each stream wait for its own connection (await the write, or its drain), with a bound for what is kept
for it.
Right: while a reader does not read, the server waits for it alone; then the stream goes on where it was.
Wrong: events are dropped when the connection's buffer is full, or another client's come instead; and, as warnings, the
connection is cut after a second without reading, or a client waits until another one reads on.
Not wrong: a stream that is cut or held up once, and not when it is tried again. No standard says how long a server has
to wait for a reader: it may close a connection at any time.
Found by: reading nothing for a while behind the head, with a small receive window, then to the end; meanwhile another
client asks. A stream that fits into the system's own buffers shows nothing (on one machine, Linux holds some MiB).
Spec: RFC 9112, section 9.5, https://www.rfc-editor.org/rfc/rfc9112#section-9.5; the warnings are advice of this
project, docs/findings.md
"""

from __future__ import annotations

from collections.abc import Iterator

from streamcontract import Level
from streamcontract_harness.bench import Bench, NotTriedError
from streamcontract_harness.reading import Reading
from streamcontract_harness.results import Reported
from streamcontract_harness.service import Served, Service, served

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
    if any(answer.service is Service.WRONG and _level(answer) is Level.SHOULD for answer in (slow, other)):
        slow, other = _both(bench, pause)  # what comes once is no proof
    for answer, who in ((slow, f"reads nothing for {pause:.1f} s gets"), (other, "reads beside a slow one gets")):
        if answer.service is Service.REFUSED or answer.is_turned_away:
            raise NotTriedError(answer.said)
        if answer.service is Service.WRONG:
            yield bench.fault(
                ID, answer.judgement.exchange,
                f"a client that {who} a stream that is not right any more: {answer.said}",
                expected="the stream, as it was before", got=answer.id or answer.said, level=_level(answer),
                offset=answer.offset,
            )  # fmt: skip
            return
    if _is_held_up(bench, slow, other, pause) and 2 * pause + bench.lasts < bench.options.timeout:
        slow, other = _both(bench, 2 * pause)
        if _is_held_up(bench, slow, other, 2 * pause):
            exchange = other.judgement.exchange
            took = exchange.ended - exchange.started
            yield bench.fault(
                ID, exchange,
                f"while one client reads nothing for {2 * pause:.1f} s, another waits {took:.1f} s for its stream; "
                f"before that it took {bench.lasts:.2f} s",
                expected="each reader at its own pace", got=f"{took:.1f} s", level=Level.SHOULD, place="another",
            )  # fmt: skip


def _both(bench: Bench, pause: float) -> tuple[Served, Served]:
    requests = [bench.fresh(), bench.fresh()]
    slow, other = bench.together(requests, [Reading(pause=pause), Reading()], apart=APART)
    return served(bench, slow), served(bench, other)


def _level(answer: Served) -> Level:
    """A server may close a connection at any time, and take its time; it may not lose or mix what it sends."""
    return Level.SHOULD if answer.is_cut or not answer.judgement.exchange.answered else Level.MUST


def _is_held_up(bench: Bench, first: Served, second: Served, pause: float) -> bool:
    """Whether the other was through only after the slow one read on, though its own stream takes much less."""
    slow, other = first.judgement.exchange, second.judgement.exchange
    if slow.head_at is None or slow.head_at > other.started:
        return False  # the slow one was not the first
    return other.ended >= slow.head_at + pause and other.ended - other.started > 3 * bench.lasts + pause / 4
