"""Asks again for a stream that was seen: by the same requests, or by ones like them where those are used up.

A server may let a client choose an id and refuse the same one a second time. Such a request is sent again with other
ids (every UUID in it is replaced), and where that is of no use, other requests are made from the contract.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from streamcontract_harness.bench import wait
from streamcontract_harness.examiner import Attempt, Examiner
from streamcontract_harness.exchange import Exchange, SentRequest
from streamcontract_harness.generation.probes import Probe, ProbePlan
from streamcontract_harness.generation.schema import GenerationError
from streamcontract_harness.judge import Judgement

__all__ = ["Repeater", "with_new_ids"]

CONFLICT = 409
"""The status by which a request is told that what it names is there already (RFC 9110, section 15.5.10)."""
WAITS = (0.0, 0.5, 1.0)
"""Seconds before each try: a server that was kept busy may refuse what it took before."""
MOST_OTHERS = 8
"""Requests that are made from the contract in place of one that is used up."""


def with_new_ids(examiner: Examiner, probe: Probe) -> tuple[Probe, Attempt]:
    """Carry out a probe, with other ids where the server has seen its own; what was sent, and what came of it."""
    first = examiner.attempt(probe)
    if any(judgement.exchange.status == CONFLICT for judgement in first.judgements):
        renewed = probe.renewed()
        if renewed is not None:
            examiner.add(first)
            return renewed, examiner.attempt(renewed)
    return probe, first


class Repeater:
    """Makes requests like those of one probe; `settle` finds out how."""

    def __init__(
        self, probe: Probe, plan: ProbePlan | None, examiner: Examiner, seed: int, is_over: Callable[[], bool]
    ) -> None:
        self._probe = probe
        self._plan = plan
        self._examiner = examiner
        self._seed = seed
        self._is_over = is_over
        self._others: Iterator[Probe] | None = None
        self._make: Callable[[], Probe | None] = lambda: probe
        self.obstacle = ""
        """Why no stream could be had again."""

    def settle(self) -> Judgement | None:
        """Have the stream once more, as an ordinary exchange of the run; None when it cannot be had."""
        for make in (lambda: self._probe, self._probe.renewed, self._other):
            for _ in range(MOST_OTHERS if make == self._other else 1):
                probe = make()
                judgement = None if probe is None else self._read(probe)
                if judgement is not None:
                    self._make = make
                    return judgement
        return None

    def lead(self) -> SentRequest | None:
        """Make the calls before the stream, and the request that is to be sent last. Raises OverError."""
        for seconds in (0.0,) * MOST_OTHERS if self._make == self._other else WAITS:
            wait(seconds, self._is_over)
            probe = self._make()
            request = None if probe is None else probe.lead(self._examiner.send)
            if request is not None:
                return request
        return None

    def _read(self, probe: Probe) -> Judgement | None:
        judgements: list[Judgement] = []

        def send(request: SentRequest) -> Exchange:
            judgements.append(self._examiner.examine(request))
            return judgements[-1].exchange

        end = probe.send(send)
        self._examiner.add(Attempt(tuple(judgements)))
        last = judgements[-1]
        if end is not None and last.monitor is not None and not last.violates(lambda _: True):
            return last
        self.obstacle = self.obstacle or "asked for again, " + (
            f"{last.exchange.request.operation} was answered with {last.exchange.status or 'nothing'}"
            if last.monitor is None
            else "the stream was not right any more"
        )
        return None

    def _other(self) -> Probe | None:
        if self._others is None:
            self._others = iter(self._drawn())
        return next(self._others, None)

    def _drawn(self) -> Iterator[Probe]:
        """Probes from the contract by seeds that the run has not used, without the simplest, which all seeds give."""
        known = {self._probe.key}
        for number in range(1, 10):
            try:
                drawn = 2 * MOST_OTHERS, self._seed + number
                probes = self._plan.generated(*drawn, self._is_over) if self._plan else []
            except GenerationError:
                return
            for probe in probes[1:]:
                if probe.key not in known:
                    known.add(probe.key)
                    yield probe
