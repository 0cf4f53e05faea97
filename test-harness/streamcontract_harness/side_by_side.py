"""Probes that are under way at the same time (`--workers`); what they show is told in their own order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from streamcontract_harness.examiner import Attempt, Examiner
from streamcontract_harness.generation.probes import Probe
from streamcontract_harness.options import Options
from streamcontract_harness.repeating import with_new_ids
from streamcontract_harness.results import key_of

__all__ = ["SideBySide"]


class SideBySide:
    """Carries out probes, as many at once as the run is told to.

    What a probe shows beside others may be the others' doing, where a server keeps state or takes one client at a time.
    So a fault that is new is looked for again with the probe alone, and told only when it comes again.
    """

    def __init__(self, examiner: Examiner, options: Options) -> None:
        self._examiner = examiner
        self._options = options
        self._left_out: list[str] = []

    def attempts(self, probes: Sequence[Probe], goes_on: Callable[[], bool]) -> Iterator[tuple[Probe, Attempt]]:
        """What came of each, in order, for as long as `goes_on` says so; each is added before the next is taken."""
        if self._options.workers == 1:
            for probe in probes:
                if not goes_on():
                    return
                yield with_new_ids(self._examiner, probe)
            return
        with ThreadPoolExecutor(self._options.workers) as pool:
            for first in range(0, len(probes), self._options.workers):
                if not goes_on():
                    return
                batch = probes[first : first + self._options.workers]
                for probe, attempt in list(pool.map(partial(with_new_ids, self._examiner), batch)):
                    yield self._confirmed(probe, attempt) if goes_on() else (probe, attempt)

    @property
    def note(self) -> str:
        """What was seen beside other probes only; empty when there is nothing."""
        if not self._left_out:
            return ""
        ids = ", ".join(sorted(set(self._left_out)))
        return (
            f"{ids}: seen with {self._options.workers} probes under way at the same time, and not again with the probe "
            "alone; not told as a finding of the probe. `life.two-readers` looks for what streams have in common"
        )

    def _confirmed(self, probe: Probe, attempt: Attempt) -> tuple[Probe, Attempt]:
        new = self._new(attempt)
        if not new:
            return probe, attempt
        sent, again = with_new_ids(self._examiner, probe)
        came_again = {finding.id for finding, _ in again.found()}
        self._left_out += [id_ for id_ in new if id_ not in came_again]
        return sent, again

    def _new(self, attempt: Attempt) -> list[str]:
        """The ids of what it shows, is asked for, and is not known to come from a probe by itself."""
        found = self._examiner.report.found
        wanted = (finding for finding, _ in attempt.found() if self._options.wants(finding.id))
        return [finding.id for finding in wanted if key_of(finding) not in found]
