"""What a run has seen: a tally for each operation, each finding once, and the verdict over all."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from streamcontract import Contract, Finding, Level, Location, Operation, Stream, Unsettled, Verdict
from streamcontract.contract.problems import Severity
from streamcontract.monitor.coverage import Transitions, transitions_of
from streamcontract.monitor.unknown import UnknownEvents
from streamcontract_harness.arrival import Arrival
from streamcontract_harness.baseline import Baseline, KnownFinding
from streamcontract_harness.exchange import Exchange, SentRequest
from streamcontract_harness.kept import Kept
from streamcontract_harness.options import Options

__all__ = ["Key", "Report", "Reported", "Stretch", "Tally", "key_of"]

STRETCH_BEFORE = 160
STRETCH_AFTER = 240
"""Bytes of the stream that are shown before and after the place of a fault: the event, and what stands round it."""
MARGIN = 16_384
"""Bytes on either side of it that are kept: longer than any credential."""

MOST_PLACES = 50
ELSEWHERE = "…"
"""Findings of one id on one operation that are kept apart, by their places; what is found at others is one more."""

Key = tuple[str, str, str, Level]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Bytes of a stream, where they begin in it, and the place of the fault.

    `lead` and `tail` stand before and behind them, and are not shown: a secret may lie across the edge.
    """

    offset: int
    data: bytes
    fault: int
    lead: bytes = b""
    tail: bytes = b""

    @classmethod
    def around(cls, exchange: Exchange, offset: int) -> Stretch:
        """The bytes round a place in the body of an exchange, from the beginning of a line where there is one."""
        data = exchange.chunks.data
        offset = min(offset, len(data))
        begin = max(0, offset - STRETCH_BEFORE)
        if begin > 0:
            line_end = data.find(b"\n", begin, offset)
            if data[line_end + 1 : offset].strip(b"\r\n"):  # else the end of a long line is all that there is to show
                begin = line_end + 1 if line_end >= 0 else begin
        end = offset + STRETCH_AFTER
        lead, tail = bytes(data[max(0, begin - MARGIN) : begin]), bytes(data[end : end + MARGIN])
        return cls(begin, bytes(data[begin:end]), offset, lead, tail)


@dataclass(frozen=True, slots=True)
class Reported:
    """A finding, the evidence of it, and on how many exchanges it was seen.

    `request` is what shows it, the smallest that was found when `shrunk`. A `known` one is in the baseline: it is told
    as that, and counts neither for the verdict nor for the exit code.
    """

    finding: Finding
    request: SentRequest | None = None
    stretch: Stretch | None = None
    exchanges: int = 1
    shrunk: bool = False
    known: bool = False


def key_of(finding: Finding) -> Key:
    """What makes two findings the same one."""
    return finding.operation, finding.id, finding.place, finding.level


def _length(reported: Reported) -> tuple[float, float]:
    """How much there is to send: of several requests that show the same, the smallest is kept."""
    if reported.request is None:
        return math.inf, math.inf
    steps = (*reported.request.before, reported.request)
    return len(steps), sum(len(step.url) + len(step.body or b"") for step in steps)


def _order(reported: Reported) -> tuple[object, ...]:
    finding = reported.finding
    return reported.known, finding.level is Level.SHOULD, finding.operation, finding.id, finding.place


@dataclass(slots=True)
class Tally:
    """What was seen of one operation.

    `other_methods`: requests with a method that the operation does not have.
    `linked_streams`: streams that a link of the contract led to.
    `finished_streams` are right ones that were read to their end, or to where the contract lets them end; `left` says
    why another was not. `followed` are the ids of `afterwards` that were asked, or told to be unsettled.
    `own_requests` are those of checks that send requests themselves (`Kind.PROBE`), and are not among `requests`;
    `tried` has the ids of these checks, each with the reason why it could not be made (empty when it was).
    `arrivals`: how the first streams that were read to their end arrived.
    `explained`: a violation stands between the checker and the stream; `not_reached` says why the rest was left out.
    `location` is where the contract has the operation.
    """

    operation: str
    method: str
    path: str
    stream: Stream | None
    transitions: Transitions | None
    requests: int = 0
    other_methods: int = 0
    streams: int = 0
    linked_streams: int = 0
    right_streams: int = 0
    inconclusive_streams: int = 0
    finished_streams: int = 0
    left: str = ""
    events: int = 0
    explained: bool = False
    statuses: Counter[int] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    unknown: UnknownEvents = field(default_factory=UnknownEvents)
    unsettled: dict[str, Unsettled] = field(default_factory=dict)
    followed: set[str] = field(default_factory=set)
    not_reached: str = ""
    own_requests: int = 0
    tried: dict[str, str] = field(default_factory=dict)
    arrivals: list[Arrival] = field(default_factory=list)
    location: Location | None = None

    @property
    def not_judged(self) -> str:
        """Why the operation was not judged, though nothing was wrong; empty when it was."""
        if not self.left or self.finished_streams:
            return ""
        return self.left if self.stream is None else f"no stream was read to its end: {self.left}"

    @classmethod
    def of(cls, operation: Operation) -> Tally:
        """Nothing seen yet."""
        stream = operation.stream
        transitions = transitions_of(stream, 0, ()) if stream else None
        return cls(operation.id, operation.method, operation.path, stream, transitions, location=operation.location)


@dataclass(slots=True)
class Report:
    """All that a run has seen, so far or at its end. `untestable` says why nothing could be tested, if so.

    `options` are those of the run, None where there was none (a stream that is replayed); `began` is the time of day
    (seconds since 1970). `replayed`: it is of recorded streams, which were judged by themselves, and this came of it.
    `left_out` are the contract's operations that the run was not to check.
    `stale` are the entries of the baseline whose findings should have come again, and did not; `uncertain` those of
    which nothing can be said, as the run was cut short or left them out.
    """

    contract: str
    url: str
    seed: int
    tallies: dict[str, Tally]
    found: dict[Key, Reported] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0
    interrupted: bool = False
    untestable: str = ""
    cut_short: str = ""
    options: Options | None = None
    began: float = 0.0
    kept: Kept = field(default_factory=Kept)
    replayed: Verdict | None = None
    left_out: frozenset[str] = frozenset()
    baseline: Baseline = field(default_factory=Baseline)
    stale: list[KnownFinding] = field(default_factory=list)
    uncertain: list[KnownFinding] = field(default_factory=list)

    @classmethod
    def of(
        cls, contract: Contract, url: str, seed: int, operations: list[Operation], baseline: Baseline | None = None
    ) -> Report:
        """Nothing seen yet; its notes are what is doubtful about the contract itself, a line each."""
        doubts = (problem for problem in contract.problems if problem.severity is Severity.WARNING)
        notes = [" ".join(str(problem).split()) for problem in doubts]
        tallies = {operation.id: Tally.of(operation) for operation in operations}
        left_out = frozenset(contract.operations) - tallies.keys()
        known = baseline or Baseline()
        return cls(contract.document.path, url, seed, tallies, notes=notes, left_out=left_out, baseline=known)

    def add(self, reported: Reported) -> Reported | None:
        """Keep a finding; equal ones become one. Returns it as it is kept when there was none like it."""
        key = key_of(reported.finding)
        if key not in self.found and sum(other[:2] == key[:2] for other in self.found) >= MOST_PLACES:
            reported = replace(reported, finding=replace(reported.finding, place=ELSEWHERE))
            key = key_of(reported.finding)
        earlier = self.found.get(key)
        if earlier is None:
            self.found[key] = replace(reported, known=self.baseline.knows(reported.finding))
            return self.found[key]
        better = reported if _length(reported) < _length(earlier) else earlier
        finding = replace(better.finding, count=earlier.finding.count + reported.finding.count)
        self.found[key] = replace(better, finding=finding, exchanges=earlier.exchanges + 1, known=earlier.known)
        return None

    def replace(self, old: Reported, new: Reported) -> None:
        """Put better evidence in place of a finding's."""
        del self.found[key_of(old.finding)]
        self.found[key_of(new.finding)] = replace(new, known=old.known)

    def settle(self, wants: Callable[[str], bool]) -> None:
        """Sort out, at the end of a run, which known findings are stale; `wants` says which ids were looked for."""
        over = bool(self.interrupted or self.untestable or self.cut_short)
        missing = self.baseline.missing(reported.finding for reported in self.found.values())
        self.uncertain = [entry for entry in missing if over or not self._looked_for(entry, wants)]
        self.stale = [entry for entry in missing if entry not in self.uncertain]

    def _looked_for(self, entry: KnownFinding, wants: Callable[[str], bool]) -> bool:
        """Whether the run would have seen it. An operation that the contract has lost is looked for in vain."""
        tally = self.tallies.get(entry.operation)
        if tally is None:
            return entry.operation not in self.left_out
        return wants(entry.id) and not tally.not_reached and not tally.tried.get(entry.id)

    @property
    def findings(self) -> list[Reported]:
        """Violations first, then warnings, then what is known; within them by operation, id and place."""
        return sorted(self.found.values(), key=_order)

    @property
    def violations(self) -> int:
        """How many there are, without the known ones."""
        return sum(r.finding.level is Level.MUST and not r.known for r in self.found.values())

    @property
    def warnings(self) -> int:
        """How many there are, without the known ones."""
        return sum(r.finding.level is Level.SHOULD and not r.known for r in self.found.values())

    @property
    def known(self) -> int:
        """How many findings are in the baseline."""
        return sum(reported.known for reported in self.found.values())

    @property
    def is_replay(self) -> bool:
        return self.replayed is not None

    @property
    def verdict(self) -> Verdict:
        """Violates when anything new does; inconclusive when the run, or no stream of an operation, got through."""
        if self.replayed is not None:
            return self.replayed
        if self.violations:
            return Verdict.VIOLATES
        return Verdict.CONFORMS if self.is_whole else Verdict.INCONCLUSIVE

    @property
    def is_whole(self) -> bool:
        """Whether the run, and a stream of every operation, got through."""
        unjudged = any(tally.not_judged for tally in self.tallies.values())
        return not (self.interrupted or self.untestable or self.cut_short or unjudged)
