"""How a probe was served: rightly, refused as the contract says, or wrongly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from streamcontract import Level
from streamcontract_harness.bench import Bench
from streamcontract_harness.exchange import Ending
from streamcontract_harness.judge import Judgement

__all__ = ["Served", "Service", "first_wrong", "served", "settled"]

SILENCE = 1.0
"""Seconds without a byte before the time limit, after which a stream that has not ended is taken to hang."""


class Service(Enum):
    """What came of a request."""

    RIGHT = "a stream in which nothing is wrong"
    REFUSED = "an answer of the contract that is no stream"
    WRONG = "anything else"


@dataclass(frozen=True, slots=True)
class Served:
    """One answer to a probe: what came of it, in words (`said`), and by which id where the words are a finding's."""

    judgement: Judgement
    service: Service
    said: str = ""
    id: str = ""
    offset: int | None = None

    @property
    def is_stream(self) -> bool:
        """Whether it is a stream, right or wrong."""
        return self.judgement.monitor is not None

    @property
    def is_cut(self) -> bool:
        """Whether nothing is wrong but that the connection broke off."""
        return self.judgement.exchange.ending is Ending.CUT and self.id in ("", "wire.cut")

    @property
    def is_turned_away(self) -> bool:
        """Whether the connection was refused, closed or reset before an answer began."""
        exchange = self.judgement.exchange
        return not exchange.answered and exchange.ending in (Ending.CUT, Ending.UNREACHABLE)


def served(bench: Bench, judgement: Judgement) -> Served:
    """What came of a request. Findings about time are left out: the probes themselves are what takes time."""
    exchange = judgement.exchange
    broken = (f for f in judgement.findings if f.level is Level.MUST and not f.id.startswith("timing."))
    finding = next(broken, None)
    if finding is not None:
        return Served(judgement, Service.WRONG, finding.message, finding.id, finding.offset)
    if not exchange.answered:
        said = exchange.detail or f"nothing came within {exchange.ended - exchange.started:.1f} s"
        return Served(judgement, Service.WRONG, said)
    if judgement.monitor is None:
        status = exchange.status or 0
        is_allowed = bench.documented.find(status) is not None and not bench.documented.is_fault(status)
        kind = Service.REFUSED if is_allowed else Service.WRONG
        return Served(judgement, kind, f"it was answered with {status}")
    silent = exchange.ended - exchange.chunks.last_at > SILENCE  # else it is the checker that cannot keep up
    if exchange.ending is Ending.TIME and silent and not bench.is_endless:
        seconds = exchange.ended - exchange.started
        said = f"it had not ended after {seconds:.1f} s; before, it took {bench.lasts:.1f} s"
        return Served(judgement, Service.WRONG, said, offset=exchange.size)
    return Served(judgement, Service.RIGHT)


def settled(ask: Callable[[], Sequence[Served]]) -> Sequence[Served]:
    """What came; asked for once more where the only wrong answers are no streams: one that comes once is no proof."""
    answers = ask()
    wrong = [answer for answer in answers if answer.service is Service.WRONG]
    return ask() if wrong and not any(answer.is_stream for answer in wrong) else answers


def first_wrong(answers: Sequence[Served]) -> Served | None:
    """The first answer that is wrong: rather a stream, and last who was turned away, which a busy server may do."""
    wrong = (answer for answer in answers if answer.service is Service.WRONG)
    return min(wrong, key=lambda answer: (not answer.is_stream, answer.is_turned_away), default=None)
