"""Sends requests within the run's patience, judges the answers, and adds both to the report."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from streamcontract import Finding
from streamcontract_harness.afterwards import FollowUp, Make, follow_up
from streamcontract_harness.exchange import Ending, Exchange, SentRequest
from streamcontract_harness.generation.probes import Probe
from streamcontract_harness.judge import Judge, Judgement, count
from streamcontract_harness.options import Options
from streamcontract_harness.patience import Patience
from streamcontract_harness.results import Report, Reported, Stretch
from streamcontract_harness.transport import Transport, UnsendableError

__all__ = ["Attempt", "Examiner"]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One probe carried out: the exchanges of its chain, and what followed its stream."""

    judgements: tuple[Judgement, ...]
    follow_ups: tuple[FollowUp, ...] = ()

    def found(self) -> Iterator[tuple[Finding, Exchange]]:
        """Every finding, with the exchange that shows it."""
        for judgement in self.judgements:
            for finding in judgement.findings:
                yield finding, judgement.exchange
        for follow in self.follow_ups:
            if follow.judgement is not None:
                for finding in follow.judgement.findings:
                    yield finding, follow.judgement.exchange
            if follow.finding is not None:
                shown = follow.judgement or self.judgements[-1]
                yield follow.finding, shown.exchange


class Examiner:
    """The one way from a request to what the report says of it. Usable from any thread."""

    def __init__(self, transport: Transport, judge: Judge, report: Report, options: Options, make: Make) -> None:
        self.transport = transport
        self.report = report
        self.patience = Patience(options.timeout_of)
        self.fresh: deque[Reported] = deque()
        """Findings that are new, for whoever shows them."""
        self.answers = 0
        self.judge = judge
        self._options = options
        self._make = make
        self._lock = threading.Lock()

    def send(self, request: SentRequest) -> Exchange:
        """Send, judge, send what the stream is to be followed by, and add all of it to the report."""
        judgement = self.examine(request)
        self.add(Attempt((judgement,), self._followed(judgement)))
        return judgement.exchange

    def attempt(self, probe: Probe) -> Attempt:
        """Carry out a probe; no finding is added to the report."""
        judgements: list[Judgement] = []

        def send(request: SentRequest) -> Exchange:
            judgements.append(self.examine(request))
            return judgements[-1].exchange

        try:
            end = probe.send(send)
        except UnsendableError as error:
            self._note(str(error))
            end = None
        if end is None:
            return Attempt(tuple(judgements))
        return Attempt(tuple(judgements), self._followed(judgements[-1]))

    def _followed(self, judgement: Judgement) -> tuple[FollowUp, ...]:
        follow_ups: list[FollowUp] = []
        try:
            follow_ups.extend(follow_up(judgement, self._make, self.examine))
        except UnsendableError as error:
            self._note(str(error))
        return tuple(follow_ups)

    def examine(self, request: SentRequest) -> Judgement:
        """Send and judge; nothing is added to the report."""
        seconds = self.patience.seconds(request.operation, request.method)
        is_hasty = not self.patience.is_full(request.operation, request.method)
        listener = self.judge.listener(request, is_hasty=is_hasty)
        exchange = self.transport.exchange(request, listener, seconds=seconds)
        with self._lock:
            self.patience.note(exchange)
            self.answers += exchange.answered
        if listener.aside(exchange):
            return Judgement(exchange, ())  # it was told on the requests that were waited for in full
        return self.judge.judge(exchange, listener)

    def add(self, attempt: Attempt) -> None:
        """Add what was seen to the report."""
        with self._lock:
            follow_ups = [follow.judgement for follow in attempt.follow_ups if follow.judgement is not None]
            for judgement in (*attempt.judgements, *follow_ups):
                tally = self.report.tallies.get(judgement.exchange.request.operation)
                stopped = judgement.exchange.ending is Ending.STOPPED
                if tally is not None and (judgement.exchange.answered or not stopped):
                    count(tally, judgement, self._options.wants)
                    self._keep(judgement, judgement.findings)
            for finding, exchange in attempt.found():
                self._report(reported(finding, exchange))
            self._unsettle(attempt)

    def note(self, found: Reported) -> None:
        """Add a finding that was made elsewhere."""
        with self._lock:
            self._report(found)

    def keep(self, judgement: Judgement, findings: Iterable[Finding], *, sent_by: str) -> None:
        """Keep the stream that a check has sent for itself, and found to show this."""
        with self._lock:
            self._keep(judgement, findings, sent_by)

    def _note(self, text: str) -> None:
        with self._lock:
            if text not in self.report.notes:
                self.report.notes.append(text)

    def _report(self, found: Reported) -> None:
        kept = self.report.add(found) if self._options.wants(found.finding.id) else None
        if kept is not None:
            self.fresh.append(kept)

    def _keep(self, judgement: Judgement, findings: Iterable[Finding], sent_by: str = "") -> None:
        if judgement.monitor is not None:
            wanted = [finding for finding in findings if self._options.wants(finding.id)]
            self.report.kept.take(judgement.exchange, judgement.monitor, wanted, sent_by)

    def _unsettle(self, attempt: Attempt) -> None:
        tally = (
            self.report.tallies.get(attempt.judgements[-1].exchange.request.operation) if attempt.follow_ups else None
        )
        if tally is None:
            return
        for follow in attempt.follow_ups:
            tally.followed.add(follow.id)
            if follow.unsettled is not None:
                tally.unsettled.setdefault(follow.unsettled.id, follow.unsettled)


def reported(finding: Finding, exchange: Exchange) -> Reported:
    """A finding with its evidence: the request, and the stretch of the stream where the fault is."""
    stretch = None
    if finding.offset is not None and exchange.size:
        stretch = Stretch.around(exchange, finding.offset)
    return Reported(finding, replace(exchange.request, linked=None), stretch)
