"""A run: a generator of run events. It prints nothing, and ends in bounded time."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from typing import Any

from streamcontract import Contract, Operation
from streamcontract_harness.afterwards import never_asked
from streamcontract_harness.checks.catalogue import check_operation
from streamcontract_harness.events import FindingSeen, Progress, RunEvent, RunFinished, RunStarted, StageStarted
from streamcontract_harness.examiner import Examiner
from streamcontract_harness.exchange import SentRequest
from streamcontract_harness.generation.api_run import ApiFinding, ApiNote, ApiRun, ApiStep
from streamcontract_harness.generation.by_seed import by_seed_alone
from streamcontract_harness.generation.probes import ProbePlan, request_for
from streamcontract_harness.generation.schema import ApiSchema, GenerationError, api_schema, configuration, selected
from streamcontract_harness.judge import Judge, never_applied
from streamcontract_harness.options import Options, UnknownOperationError
from streamcontract_harness.probing_checks import ProbingChecks
from streamcontract_harness.recorder import Recorder
from streamcontract_harness.redirects import MOST_REDIRECTS
from streamcontract_harness.results import Report, Reported, Tally
from streamcontract_harness.shrinking import MOST_FINDINGS, Shrinker
from streamcontract_harness.side_by_side import SideBySide
from streamcontract_harness.stop import Stop, calling_at
from streamcontract_harness.transport import Limits, Transport

__all__ = ["run"]

LEAST_PROBES = 3
"""A stream that takes no parameters is asked for this often, as it need not be the same each time."""


def run(
    contract: Contract, options: Options, stop: Stop | None = None, recorder: Recorder | None = None
) -> Generator[RunEvent]:
    """Check a server against a contract. The report of the last event is whole. A recorder is given each exchange.

    Raises UnknownOperationError for an operation that the contract does not have, and ConfigurationError for what
    Schemathesis cannot be told, before anything is sent.
    """
    operations = _operations(contract, options)
    configuration(options)
    report = Report.of(contract, options.url, options.seed, operations, options.baseline)
    report.options, report.began = options, time.time()
    report.notes += [
        f"{id_} was left out: {each.skip}" for id_, each in options.each.items() if each.skip and id_ in report.left_out
    ]
    stop = stop or Stop()
    started = time.monotonic()
    yield RunStarted(report)
    try:
        until, keep = started + options.run_seconds, recorder.keep if recorder is not None else None
        limits = Limits(seconds=options.timeout, redirects=MOST_REDIRECTS if options.follow_redirects else 0)
        with Transport(limits, until=until, keep=keep) as transport, by_seed_alone():
            stop.then(transport.stop)
            report.untestable = transport.reach(options.url)
            if not report.untestable:
                yield from _Run(contract, options, operations, report, transport, stop, started).stages()
    finally:  # a defect of ours is reported with what was seen
        report.interrupted = stop.is_set()
        report.settle(options.wants)
        report.notes += [recorder.note] if recorder is not None else []
        report.seconds = time.monotonic() - started
    yield RunFinished(report)


def _operations(contract: Contract, options: Options) -> list[Operation]:
    unknown = [id_ for id_ in (*options.operations, *options.each) if id_ not in contract.operations]
    if unknown:
        known = ", ".join(sorted(contract.operations))
        raise UnknownOperationError(f"no operation {', '.join(map(repr, unknown))} in the contract; there is: {known}")
    skipped = {id_ for id_, each in options.each.items() if each.skip and id_ not in options.operations}
    chosen = options.operations or tuple(contract.operations)
    return [operation for id_, operation in contract.operations.items() if id_ in chosen and id_ not in skipped]


class _Run:
    """The stages of one run: probes, checks that send themselves, Schemathesis, shrinking, and the look back."""

    def __init__(
        self,
        contract: Contract,
        options: Options,
        operations: list[Operation],
        report: Report,
        transport: Transport,
        stop: Stop,
        started: float,
    ) -> None:
        self.contract, self.options, self.operations = contract, options, operations
        self.report, self.stop = report, stop
        self.deadline = started + options.run_seconds
        self.api_finished = False
        self.judge = Judge(contract, options.tolerance)
        self.examiner = Examiner(transport, self.judge, report, options, self._make)
        self.side_by_side = SideBySide(self.examiner, options)
        self.schema = self._schema()
        self.probing_checks = ProbingChecks(contract, self.examiner, options, self._is_over)
        self.shrinker = Shrinker(self.examiner, self.schema, {o.id: o for o in operations}, options)

    def stages(self) -> Iterator[RunEvent]:
        for operation in self.operations:
            if operation.stream is not None and not self._is_over():
                yield StageStarted("probing", operation.id)
                yield from self._probe(operation)
        for operation in self.operations:
            if operation.stream is not None:
                yield from self._checks_of(operation)
        yield from self._api()
        yield from self._shrink()
        self._not_reached()
        self._look_back()
        self.report.notes += [self.side_by_side.note] if self.side_by_side.note else []
        yield from self._fresh()

    def _schema(self) -> ApiSchema:
        """A schema of its own for each use: a Schemathesis run adds links of its own making to the one that it has."""
        return api_schema(self.contract, self.examiner.send, self.options)

    def _make(self, operation: str, parameters: Mapping[str, Any], body: Any, has_body: bool) -> SentRequest:
        return request_for(self.schema, self.contract.operations[operation], parameters, body, has_body=has_body)

    def _probe(self, operation: Operation) -> Iterator[RunEvent]:
        try:
            plan = ProbePlan(self.schema, operation)
            probes = plan.probes(self.options.max_examples_of(operation.id), self.options.seed, self._is_over)
        except GenerationError as error:
            self.report.notes.append(f"{operation.id}: no requests could be made from the contract: {error}")
            return
        self.shrinker.plan(operation.id, plan)
        self.probing_checks.plan(operation.id, plan)

        def goes_on() -> bool:
            return not self._is_over() and not self._has_no_patience(operation)

        for sent, attempt in self.side_by_side.attempts(probes * (LEAST_PROBES if len(probes) == 1 else 1), goes_on):
            self.examiner.add(attempt)
            self.shrinker.know(operation.id, sent, attempt)
            self.probing_checks.know(operation.id, sent, attempt)
            yield Progress()
            yield from self._fresh()

    def _checks_of(self, operation: Operation) -> Iterator[RunEvent]:
        for check in self.probing_checks.checks():
            if self._is_over():
                return
            yield StageStarted(check.id, operation.id)
            for found in self.probing_checks.run(operation, check):
                self.examiner.note(found)
            yield Progress()
            yield from self._fresh()

    def _api(self) -> Iterator[RunEvent]:
        """Schemathesis over all operations; it sends from a thread of its own."""
        if self._is_over():
            return
        api = ApiRun(selected(self._schema(), self.operations), self.judge.documents)
        self.stop.then(api.stop)
        with calling_at(self.deadline, api.stop):  # it tells nothing for as long as it tests one operation
            yield from self._steps(api)
        self.api_finished = not self._is_over()

    def _steps(self, api: ApiRun) -> Iterator[RunEvent]:
        with closing(iter(api)) as steps:
            try:
                for step in steps:
                    if self._is_over():
                        api.stop()
                    yield from self._told(step)
            except GeneratorExit:  # nobody reads further: its threads are waited for, so they are to send nothing more
                self.stop.set()
                raise

    def _told(self, step: ApiStep | ApiFinding | ApiNote) -> Iterator[RunEvent]:
        match step:
            case ApiStep(phase, operation):
                yield StageStarted(f"Schemathesis, {phase}", operation)
            case ApiFinding(finding, request):
                self.examiner.note(Reported(finding, request))
            case ApiNote(text) if text not in self.report.notes:
                self.report.notes.append(text)
        yield Progress()
        yield from self._fresh()

    def _shrink(self) -> Iterator[RunEvent]:
        candidates = [found for found in self.report.findings if self.shrinker.can_shrink(found.finding)]
        for found in candidates[:MOST_FINDINGS]:
            if self._is_over():
                return
            yield StageStarted(f"shrinking {found.finding.id}", found.finding.operation)
            self.report.replace(found, self.shrinker.smallest(found, self._is_over))

    def _not_reached(self) -> None:
        """What a run that ended early did not get to."""
        if not self._is_over():
            return
        reason = self.report.cut_short or "the run was stopped"
        for tally in self.report.tallies.values():
            if not tally.requests:
                tally.not_reached = reason
            for check in self.probing_checks.checks() if tally.stream is not None else ():
                tally.tried.setdefault(check.id, reason)
        if not self.api_finished:
            self.report.notes.append(f"Schemathesis did not get through all operations: {reason}")

    def _look_back(self) -> None:
        """What a run as a whole shows."""
        report = self.report
        over = self._is_over()
        for tally in report.tallies.values():
            if tally.stream is not None and tally.streams:
                for unsettled in (*never_asked(tally.stream, tally.followed), *never_applied(tally)):
                    tally.unsettled[unsettled.id] = unsettled
            if not over:
                self._look_at(tally)
        if not self.examiner.answers and not self.stop.is_set():
            report.untestable = report.cut_short or "the server takes connections and has answered no request"

    def _look_at(self, tally: Tally) -> None:
        for found in check_operation(tally):
            if isinstance(found, Reported):
                self.examiner.note(found)
            elif self.options.wants(found.id):
                tally.unsettled[found.id] = found

    def _is_over(self) -> bool:
        if self.stop.is_set():
            return True
        if not self.report.cut_short and time.monotonic() > self.deadline:
            self.report.cut_short = f"the run reached its limit of {self.options.run_seconds:g} s"
        self.report.cut_short = self.report.cut_short or self.examiner.patience.lost
        return bool(self.report.cut_short)

    def _has_no_patience(self, operation: Operation) -> bool:
        """Whether probing an operation further would only be waiting."""
        if self.examiner.patience.is_full(operation.id, operation.method):
            return False
        seconds = self.options.timeout_of(operation.id)
        self.report.tallies[
            operation.id
        ].not_reached = f"the last requests ran to the limit of {seconds:g} s; no more probes were sent"
        return True

    def _fresh(self) -> Iterator[RunEvent]:
        while self.examiner.fresh:
            yield FindingSeen(self.examiner.fresh.popleft())
