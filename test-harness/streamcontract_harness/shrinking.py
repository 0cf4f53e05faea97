"""Finds, for each finding, the smallest request that still shows it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from streamcontract import Finding, Operation
from streamcontract_harness.checks.catalogue import Kind, find_check
from streamcontract_harness.examiner import Attempt, Examiner, reported
from streamcontract_harness.exchange import Exchange, SentRequest
from streamcontract_harness.generation.api_shrinking import SHRINKABLE, smallest_failing
from streamcontract_harness.generation.probes import Probe, ProbePlan
from streamcontract_harness.generation.schema import ApiSchema
from streamcontract_harness.options import Options
from streamcontract_harness.results import Reported

__all__ = ["MOST_FINDINGS", "Shrinker"]

MOST_FINDINGS = 10
"""Findings that are shrunk, the gravest first: a run must end, and the first few are mended first."""
MOST_REQUESTS = 60
MOST_SECONDS = 15.0
"""Per finding."""
FIXED = ("coverage", "timing")
"""Families that are not shrunk: no single request shows the one, the other hangs on the clock."""

Known = dict[tuple[object, ...], list[Reported]]


class Shrinker:
    """Shrinks findings; what a probe has shown once is not asked for again."""

    def __init__(
        self, examiner: Examiner, schema: ApiSchema, operations: Mapping[str, Operation], options: Options
    ) -> None:
        self._examiner = examiner
        self._schema = schema
        self._operations = operations
        self._options = options
        self._plans: dict[str, tuple[ProbePlan, Known]] = {}

    def plan(self, operation: str, plan: ProbePlan) -> None:
        """Take in how an operation is probed."""
        self._plans[operation] = (plan, {})

    def know(self, operation: str, probe: Probe, attempt: Attempt) -> None:
        """Take in what a probe has shown; a server need not answer the same each time."""
        known = self._plans[operation][1].setdefault(probe.key, [])
        known += [reported(*pair) for pair in attempt.found()]

    def can_shrink(self, finding: Finding) -> bool:
        """Whether a smaller request could show this finding."""
        family, _, name = finding.id.partition(".")
        if family == "api":
            return name in SHRINKABLE and finding.operation in self._operations
        check = find_check(finding.id)
        if check is not None and check.kind is Kind.PROBE:
            return False  # it hangs on more than one exchange
        return family not in FIXED and finding.operation in self._plans

    def smallest(self, found: Reported, stopped: Callable[[], bool]) -> Reported:
        """The finding with the smallest request that shows it; as it was when there is none, or no time for it."""
        budget = _Budget(MOST_REQUESTS, time.monotonic() + MOST_SECONDS, stopped)
        is_api = found.finding.id.startswith("api.")
        smaller = self._of_api(found.finding, budget) if is_api else self._of_probes(found.finding, budget)
        if smaller is None:
            return found
        finding = replace(smaller.finding, count=found.finding.count)
        return replace(smaller, finding=finding, exchanges=found.exchanges, shrunk=True)

    def _of_probes(self, finding: Finding, budget: _Budget) -> Reported | None:
        plan, known = self._plans[finding.operation]

        def find(probe: Probe) -> Reported | None:
            return next((other for other in known.get(probe.key, ()) if _is_same(other.finding, finding)), None)

        def shows(probe: Probe) -> bool:
            if probe.key not in known:
                budget.take()
                self.know(finding.operation, probe, self._examiner.attempt(probe))
            return find(probe) is not None

        count, seed = self._options.max_examples_of(finding.operation), self._options.seed
        probe = plan.smallest(shows, count, seed, budget.is_spent)
        return find(probe) if probe is not None else None

    def _of_api(self, finding: Finding, budget: _Budget) -> Reported | None:
        def ask(request: SentRequest) -> Exchange:
            budget.take()
            return self._examiner.examine(request).exchange

        operation, check = self._operations[finding.operation], finding.id.removeprefix("api.")
        count, seed = self._options.max_examples_of(finding.operation), self._options.seed
        shown = smallest_failing(self._schema, operation, check, ask, count, seed, budget.is_spent)
        return Reported(*shown) if shown is not None and _is_same(shown[0], finding) else None


class _Budget:
    """Requests and time that are left for one finding."""

    def __init__(self, requests: int, deadline: float, stopped: Callable[[], bool]) -> None:
        self._requests = requests
        self._deadline = deadline
        self._stopped = stopped

    def take(self) -> None:
        """Count one request."""
        self._requests -= 1

    def is_spent(self) -> bool:
        """Whether there is no request or no time left."""
        return self._requests <= 0 or time.monotonic() > self._deadline or self._stopped()


def _is_same(one: Finding, other: Finding) -> bool:
    """The key of a slice is the data's own, and other data shows the same fault under another one."""
    same = (one.id, one.operation, one.level) == (other.id, other.operation, other.level)
    return same and (one.place == other.place or one.id.startswith("slice."))
