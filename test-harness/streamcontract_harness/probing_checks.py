"""The stage of a run in which checks send requests of their own, on operations that have given a right stream."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from streamcontract import Contract, Operation, Verdict
from streamcontract_harness.bench import Bench, NotTriedError, OverError
from streamcontract_harness.checks.catalogue import Check, Kind, of_kind
from streamcontract_harness.examiner import Attempt, Examiner
from streamcontract_harness.exchange import Ending, SentRequest
from streamcontract_harness.generation.probes import Probe, ProbePlan
from streamcontract_harness.judge import Judgement
from streamcontract_harness.options import Options
from streamcontract_harness.repeating import Repeater
from streamcontract_harness.results import Reported, key_of
from streamcontract_harness.transport import UnsendableError

__all__ = ["ProbingChecks"]

LONG = 3.0
"""Seconds: a stream that takes longer is probed only where there is no shorter one."""

LARGE = 65_536
"""Bytes from which a server may come to wait for its reader."""
ENOUGH = 20
"""Events: from a longer stream no more can be learnt, and it may be more work."""

Seen = tuple[Probe, Judgement]


class ProbingChecks:
    """Remembers, per operation, the best streams that were seen, and lets each check have its turn with them."""

    def __init__(self, contract: Contract, examiner: Examiner, options: Options, is_over: Callable[[], bool]) -> None:
        self._contract = contract
        self._examiner = examiner
        self._options = options
        self._is_over = is_over
        self._plans: dict[str, ProbePlan] = {}
        self._good: dict[str, list[Seen]] = {}
        """The best two of each operation: different requests, answered by different streams."""
        self._benches: dict[str, Bench | str] = {}

    def plan(self, operation: str, plan: ProbePlan) -> None:
        """Take in how an operation is probed."""
        self._plans[operation] = plan

    def know(self, operation: str, probe: Probe, attempt: Attempt) -> None:
        """Take in what a probe has led to: a stream in which nothing is wrong, rather a whole and a long one."""
        last = attempt.judgements[-1] if attempt.judgements else None
        if last is None or last.monitor is None or last.violates(lambda _: True):
            return
        others = [seen for seen in self._good.get(operation, ()) if not _alike(seen, probe, last)]
        alike = [seen for seen in self._good.get(operation, ()) if _alike(seen, probe, last)]
        best = max([*alike, (probe, last)], key=_worth)
        self._good[operation] = sorted([*others, best], key=_worth, reverse=True)[:2]

    def checks(self) -> tuple[Check, ...]:
        """The checks that are asked for."""
        return tuple(check for check in of_kind(Kind.PROBE) if self._options.wants(check.id))

    def run(self, operation: Operation, check: Check) -> Iterator[Reported]:
        """Let one check have its turn; what came of it is noted in the operation's tally. Ends when the run is over."""
        tally = self._examiner.report.tallies[operation.id]
        try:
            if operation.id not in self._benches:
                self._benches[operation.id] = self._bench(operation)
            bench = self._benches[operation.id]
            if isinstance(bench, str):
                raise NotTriedError(bench)
            turn = bench.turn(check.id)
            for found in (check.function or _none)(turn):
                if (judgement := turn.shows.get(key_of(found.finding))) is not None:
                    self._examiner.keep(judgement, [found.finding], sent_by=check.id)
                yield found
            tally.tried[check.id] = ""
        except OverError:
            tally.tried[check.id] = "the run ended before"
        except (NotTriedError, UnsendableError) as reason:
            tally.tried[check.id] = str(reason)

    def _bench(self, operation: Operation) -> Bench | str:
        """The bench of an operation, or why there is none."""
        seen = self._good.get(operation.id)
        if not seen:
            return "no stream without a fault was seen"
        examiner, plan = self._examiner, self._plans.get(operation.id)
        if self._is_over():
            raise OverError
        repeaters = [Repeater(probe, plan, examiner, self._options.seed, self._is_over) for probe, _ in seen]
        _, good = seen[0]
        if good.exchange.ending not in (Ending.TIME, Ending.SIZE):  # else it is known that it takes all the time
            settled = repeaters[0].settle()
            if settled is None:
                return repeaters[0].obstacle
            good = settled

        def lead_elsewhere() -> SentRequest | None:
            return repeaters[1].lead() if len(repeaters) > 1 else None

        return Bench(
            self._contract, operation, good, repeaters[0].lead, lead_elsewhere, examiner.transport,
            examiner.judge, self._options, examiner.report.tallies[operation.id], self._is_over,
        )  # fmt: skip


def _alike(seen: Seen, probe: Probe, judgement: Judgement) -> bool:
    known, other = seen
    return known.key == probe.key or other.exchange.chunks.data == judgement.exchange.chunks.data


def _worth(seen: Seen) -> tuple[float, ...]:
    """Rather a whole stream that ended in success, from its beginning, soon over, of several events, little work.

    What a server takes is counted in whole seconds: the same seed has to lead to the same streams, and of those that
    are equal, to the first.
    """
    _, judgement = seen
    monitor, exchange = judgement.monitor, judgement.exchange
    if monitor is None:
        return ()
    takes = exchange.ended - exchange.started
    is_whole, is_success = monitor.verdict is Verdict.CONFORMS, monitor.outcome == "success"
    is_resumed = exchange.request.header("last-event-id") is not None
    is_large = exchange.size >= LARGE
    return is_whole, is_success, not is_resumed, takes <= LONG, is_large, min(monitor.events, ENOUGH), -int(takes)


def _none(_: Bench) -> Iterator[Reported]:
    return iter(())
