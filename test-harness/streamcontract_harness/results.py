"""What a run has seen: a tally for each operation, each finding once, and the verdict over all."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field, replace

from streamcontract import Contract, Finding, Level, Operation, Stream, Unsettled, Verdict
from streamcontract.monitor.coverage import Transitions, transitions_of
from streamcontract.monitor.unknown import UnknownEvents
from streamcontract_harness.arrival import Arrival
from streamcontract_harness.exchange import Exchange, SentRequest
from streamcontract_harness.kept import Kept
from streamcontract_harness.options import Options

__all__ = ["Report", "Reported", "Stretch", "Tally", "key_of"]

STRETCH_BEFORE = 160
STRETCH_AFTER = 240
"""Bytes of the stream that are shown before and after the place of a fault: the event, and what stands round it."""
MARGIN = 16_384
"""Bytes on either side of it that are kept: longer than any credential."""

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

    `request` is what shows it, the smallest that was found when `shrunk`.
    """

    finding: Finding
    request: SentRequest | None = None
    stretch: Stretch | None = None
    exchanges: int = 1
    shrunk: bool = False


def key_of(finding: Finding) -> Key:
    """What makes two findings the same one."""
    return finding.operation, finding.id, finding.place, finding.level


def _length(reported: Reported) -> tuple[float, float]:
    """How much there is to send: of several requests that show the same, the smallest is kept."""
    if reported.request is None:
        return math.inf, math.inf
    steps = (*reported.request.before, reported.request)
    return len(steps), sum(len(step.url) + len(step.body or b"") for step in steps)


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

    @property
    def not_judged(self) -> str:
        """Why the operation was not judged, though nothing was wrong; empty when it was."""
        if not self.left or self.finished_streams:
            return ""
        return f"no stream was read to its end: {self.left}"

    @classmethod
    def of(cls, operation: Operation) -> Tally:
        """Nothing seen yet."""
        stream = operation.stream
        transitions = transitions_of(stream, 0, ()) if stream else None
        return cls(operation.id, operation.method, operation.path, stream, transitions)


@dataclass(slots=True)
class Report:
    """All that a run has seen, so far or at its end. `untestable` says why nothing could be tested, if so.

    `options` are those of the run, None where there was none (a stream that is replayed); `began` is the time of day
    (seconds since 1970).
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

    @classmethod
    def of(cls, contract: Contract, url: str, seed: int, operations: list[Operation]) -> Report:
        """Nothing seen yet."""
        return cls(contract.document.path, url, seed, {operation.id: Tally.of(operation) for operation in operations})

    def add(self, reported: Reported) -> bool:
        """Keep a finding; equal ones become one. Returns whether it is new."""
        key = key_of(reported.finding)
        known = self.found.get(key)
        if known is None:
            self.found[key] = reported
            return True
        better = reported if _length(reported) < _length(known) else known
        count = known.finding.count + reported.finding.count
        self.found[key] = replace(better, finding=replace(better.finding, count=count), exchanges=known.exchanges + 1)
        return False

    def replace(self, old: Reported, new: Reported) -> None:
        """Put better evidence in place of a finding's."""
        del self.found[key_of(old.finding)]
        self.found[key_of(new.finding)] = new

    @property
    def findings(self) -> list[Reported]:
        """Violations first, then warnings; within them by operation and id."""
        order = {Level.MUST: 0, Level.SHOULD: 1}
        return sorted(self.found.values(), key=lambda r: (order[r.finding.level], r.finding.operation, r.finding.id))

    @property
    def violations(self) -> int:
        return sum(reported.finding.level is Level.MUST for reported in self.found.values())

    @property
    def warnings(self) -> int:
        return len(self.found) - self.violations

    @property
    def verdict(self) -> Verdict:
        """Violates when anything does; inconclusive when the run, or no stream of an operation, got through."""
        if self.violations:
            return Verdict.VIOLATES
        unjudged = any(tally.not_judged for tally in self.tallies.values())
        if self.interrupted or self.untestable or self.cut_short or unjudged:
            return Verdict.INCONCLUSIVE
        return Verdict.CONFORMS
