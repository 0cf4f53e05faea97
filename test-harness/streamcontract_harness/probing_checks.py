"""The stage of a run in which checks send requests of their own, on operations that have given a right stream."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from streamcontract import Operation, Verdict
from streamcontract_harness.bench import Bench, NotTried, OverError
from streamcontract_harness.checks.catalogue import Check, Kind, of_kind
from streamcontract_harness.examiner import Attempt, Examiner
from streamcontract_harness.exchange import SentRequest
from streamcontract_harness.generation.probes import Probe
from streamcontract_harness.judge import Judgement
from streamcontract_harness.options import Options
from streamcontract_harness.results import Reported
from streamcontract_harness.transport import UnsendableError

__all__ = ["ProbingChecks"]


class ProbingChecks:
    """Remembers, per operation, the best stream that was seen, and lets each check have its turn with it."""

    def __init__(self, examiner: Examiner, options: Options, is_over: Callable[[], bool]) -> None:
        self._examiner = examiner
        self._options = options
        self._is_over = is_over
        self._good: dict[str, tuple[Probe, Judgement]] = {}

    def know(self, operation: str, probe: Probe, attempt: Attempt) -> None:
        """Take in what a probe has led to: a stream in which nothing is wrong, rather a whole and a long one."""
        last = attempt.judgements[-1] if attempt.judgements else None
        if last is None or last.monitor is None or last.violates(lambda _: True):
            return
        if operation not in self._good or _worth(last) > _worth(self._good[operation][1]):
            self._good[operation] = probe, last

    def checks(self) -> tuple[Check, ...]:
        """The checks that are asked for."""
        return tuple(check for check in of_kind(Kind.PROBE) if self._options.wants(check.id))

    def run(self, operation: Operation, check: Check) -> Iterator[Reported]:
        """Let one check have its turn; what came of it is noted in the operation's tally. Ends when the run is over."""
        tally = self._examiner.report.tallies[operation.id]
        if operation.id not in self._good:
            tally.tried[check.id] = "no stream without a fault was seen"
            return
        try:
            for found in (check.function or _none)(self._bench(operation)):
                if isinstance(found, NotTried):
                    tally.tried[check.id] = found.reason
                    return
                yield found
            tally.tried[check.id] = ""
        except OverError:
            tally.tried[check.id] = "the run ended before"
        except UnsendableError as error:
            tally.tried[check.id] = str(error)

    def _bench(self, operation: Operation) -> Bench:
        probe, good = self._good[operation.id]

        def fresh() -> SentRequest | None:
            if self._is_over():
                raise OverError
            return probe.lead(self._examiner.send)

        examiner = self._examiner
        tally = examiner.report.tallies[operation.id]
        return Bench(operation, good, fresh, examiner.transport, examiner.judge, self._options, tally, self._is_over)


def _worth(judgement: Judgement) -> tuple[bool, int]:
    monitor = judgement.monitor
    return (monitor is not None and monitor.verdict is Verdict.CONFORMS, monitor.events if monitor else 0)


def _none(_: Bench) -> Iterator[Reported]:
    return iter(())
