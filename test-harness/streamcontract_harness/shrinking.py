"""Finds, for each finding, the smallest request that still shows it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from streamcontract import Finding
from streamcontract_harness.examiner import Examiner, reported
from streamcontract_harness.generation.probes import Probe, ProbePlan
from streamcontract_harness.results import Reported

__all__ = ["MOST_FINDINGS", "Shrinker", "can_shrink"]

MOST_FINDINGS = 10
"""Findings that are shrunk, the gravest first: a run must end, and the first few are mended first."""
MOST_REQUESTS = 60
MOST_SECONDS = 15.0
"""Per finding."""
FIXED = ("api", "coverage", "timing")
"""Families that are not shrunk: Schemathesis has done so, no single request shows it, or it hangs on the clock."""


def can_shrink(finding: Finding) -> bool:
    """Whether a smaller request could show this finding."""
    return finding.id.partition(".")[0] not in FIXED


class Shrinker:
    """Shrinks findings of one operation; an answer once had is not asked for again."""

    def __init__(self, examiner: Examiner, plan: ProbePlan, max_examples: int, seed: int) -> None:
        self._examiner = examiner
        self._plan = plan
        self._max_examples = max_examples
        self._seed = seed
        self._known: dict[tuple[object, ...], list[Reported]] = {}

    def know(self, probe: Probe, found: list[Reported]) -> None:
        """Remember what a probe has shown."""
        self._known[probe.key] = found

    def smallest(self, found: Reported, stopped: Callable[[], bool]) -> Reported:
        """The finding with the smallest request that shows it; as it was when there is none, or no time for it."""
        budget = _Budget(MOST_REQUESTS, time.monotonic() + MOST_SECONDS, stopped)

        def shows(probe: Probe) -> bool:
            if probe.key not in self._known:
                if budget.is_spent():
                    return False
                self.know(probe, [reported(*pair) for pair in self._examiner.attempt(probe).found()])
            return self._find(probe, found.finding) is not None

        probe = self._plan.smallest(shows, self._max_examples, self._seed)
        shown = self._find(probe, found.finding) if probe is not None else None
        if shown is None:
            return found
        finding = replace(shown.finding, count=found.finding.count)
        return replace(shown, finding=finding, exchanges=found.exchanges, shrunk=True)

    def _find(self, probe: Probe, finding: Finding) -> Reported | None:
        return next((other for other in self._known[probe.key] if _is_same(other.finding, finding)), None)


class _Budget:
    """Requests and time that are left for one finding."""

    def __init__(self, requests: int, deadline: float, stopped: Callable[[], bool]) -> None:
        self._requests = requests
        self._deadline = deadline
        self._stopped = stopped

    def is_spent(self) -> bool:
        """Take one request; whether there was none left."""
        self._requests -= 1
        return self._requests < 0 or time.monotonic() > self._deadline or self._stopped()


def _is_same(one: Finding, other: Finding) -> bool:
    """The key of a slice is the data's own, and other data shows the same fault under another one."""
    same = (one.id, one.operation, one.level) == (other.id, other.operation, other.level)
    return same and (one.place == other.place or one.id.startswith("slice."))
