"""What a replay has found: for a person, and as the same JSON that `check` writes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Any

from streamcontract.contract.model import Contract
from streamcontract.monitor.findings import Finding, Level, Verdict
from streamcontract.monitor.monitor import StreamMonitor
from streamcontract.monitor.request import Request, Response
from streamcontract.monitor.unknown import UnknownEvents
from streamcontract.recording import Recording
from streamcontract.redaction import Redactor, credential_names

__all__ = ["Replayed", "redactor_of", "report_document", "source_of", "summary", "verdict_of", "write_json"]

BEFORE, BEHIND = 80, 400
"""Bytes shown before the place of a fault, and from it on."""
MARGIN = 16_384
"""Bytes on either side of these that are looked at for secrets, which may lie across the edge."""

VERDICTS = {
    Verdict.CONFORMS: "CONFORMS to the contract",
    Verdict.VIOLATES: "VIOLATES the contract",
    Verdict.INCONCLUSIVE: "INCONCLUSIVE: nothing is wrong in what could be judged",
}
WORST_FIRST = (Verdict.VIOLATES, Verdict.INCONCLUSIVE, Verdict.CONFORMS)


@dataclass(frozen=True, slots=True)
class Replayed:
    """A recorded stream, or a whole exchange, and what was found in it, as the reports of other packages take it, too.

    `contract_file` and `source` are the files as they were named; `recorded` is the body's beginning. `request` and
    `response` are None where they are not known, `recording` where it is a body alone; `monitor` is where the answer is
    no stream. `beside` is what the harness has found besides what the monitor has.
    """

    contract: Contract
    contract_file: str
    source: str
    monitor: StreamMonitor | None
    recorded: bytes
    request: Request | None = None
    response: Response | None = None
    recording: Recording | None = None
    beside: tuple[Finding, ...] = ()

    @property
    def operation(self) -> str:
        """Whose exchange it is."""
        if self.monitor is not None:
            return self.monitor.stream.operation
        return self.recording.operation if self.recording else ""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All that was found."""
        return (*self.beside, *(self.monitor.findings if self.monitor else ()))

    @property
    def verdict(self) -> Verdict:
        """Of the whole exchange. The body of an answer that is no stream is not held to its schema here."""
        if any(finding.level is Level.MUST for finding in self.beside):
            return Verdict.VIOLATES
        return self.monitor.verdict if self.monitor else Verdict.INCONCLUSIVE


def redactor_of(streams: Sequence[Replayed]) -> Redactor:
    """What keeps the recordings' secrets out of a report."""
    headers = [pair for one in streams if one.request is not None for pair in one.request.headers.items()]
    return Redactor(headers, credential_names(streams[0].contract))


def verdict_of(streams: Sequence[Replayed]) -> Verdict:
    """The verdict over all: the worst of the streams, and of what is wrong elsewhere."""
    violating = [one for one in streams if one.verdict is Verdict.VIOLATES]
    verdicts = {one.verdict for one in violating or [one for one in streams if one.monitor] or streams}
    return next(verdict for verdict in WORST_FIRST if verdict in verdicts)


def source_of(streams: Sequence[Replayed]) -> str:
    """The recording, or the directory of several."""
    return streams[0].source if len(streams) == 1 else str(Path(streams[0].source).parent)


def summary(replayed: Replayed) -> str:
    """The verdict, each finding with the bytes around it, and what was not judged."""
    monitor, redactor = replayed.monitor, redactor_of([replayed])
    lines = [f"{_shown(replayed.operation, redactor)}: {VERDICTS[replayed.verdict]}"]
    lines.append(_answer(replayed, redactor) if monitor is None else _stream(monitor, len(replayed.recorded)))
    if monitor and monitor.unknown:
        lines.append(f"  events that the contract does not know: {_shown(str(monitor.unknown), redactor)}")
    for number, finding in enumerate(replayed.findings, 1):
        lines += ["", *_finding(number, finding, replayed.recorded, redactor)]
    if monitor and monitor.unsettled:
        lines += ["", "not judged:", *(f"  {part.id}: {_shown(part.reason, redactor)}" for part in monitor.unsettled)]
    return "\n".join(lines)


def _stream(monitor: StreamMonitor, size: int) -> str:
    transitions = monitor.transitions
    seen = f"transitions {len(transitions.seen)} of {transitions.total}; outcome {monitor.outcome or 'none'}"
    return f"  {monitor.events} events, {size} bytes; {seen}"


def _answer(replayed: Replayed, redactor: Redactor) -> str:
    status = replayed.response.status if replayed.response else None
    detail = replayed.recording.detail if replayed.recording else ""
    said = f"  answered {status}, which is no event stream; its body is not judged" if status else "  not answered"
    return said + (f" ({_shown(detail, redactor)})" if detail else "")


def _finding(number: int, finding: Finding, recorded: bytes, redactor: Redactor) -> Iterator[str]:
    times = f", {finding.count} times" if finding.count > 1 else ""
    level = "violation" if finding.level.value == "must" else "warning"
    yield f"{number}. {level} {finding.id}{times}"
    yield f"   {_shown(finding.message, redactor)}"
    for name, value in (("expected: ", finding.expected), ("got:      ", finding.got)):
        if value:
            yield f"   {name}{_shown(value, redactor)}"
    if finding.offset is not None:
        yield f"   at byte {finding.offset}:"
        yield from (f"   | {line}" for line in _stretch(recorded, finding.offset, redactor))
    if finding.location is not None:
        yield f"   in the contract: {finding.location}"


def _stretch(recorded: bytes, offset: int, redactor: Redactor) -> list[str]:
    """The stream around a place, with what does not print made visible."""
    begin, first = max(0, offset - BEFORE), max(0, offset - BEFORE - MARGIN)
    around = recorded[first : offset + BEHIND + MARGIN]
    part = redactor.data(around, begin - first, offset + BEHIND - first).decode(errors="backslashreplace")
    return [_visible(line) for line in part.split("\n")]


def _shown(text: str, redactor: Redactor) -> str:
    return _visible(redactor.text(text))


def _visible(text: str) -> str:
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def write_json(streams: Sequence[Replayed], path: Path) -> None:
    """Write the JSON report to a file. Raises OSError."""
    text = json.dumps(report_document(streams), indent=2, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8", errors="backslashreplace")


def report_document(streams: Sequence[Replayed]) -> dict[str, Any]:
    """The JSON report, version 1; `url` is the recording's name."""
    redactor = redactor_of(streams)
    by_operation: dict[str, list[StreamMonitor]] = {}
    for monitor in (one.monitor for one in streams if one.monitor is not None):
        by_operation.setdefault(monitor.stream.operation, []).append(monitor)
    return {
        "version": 1,
        "contract": streams[0].contract_file,
        "url": source_of(streams),
        "verdict": verdict_of(streams).value,
        "findings": [_plain(finding, redactor) for finding in _findings(streams)],
        "operations": [_operation(name, monitors, redactor) for name, monitors in by_operation.items()],
    }


def _findings(streams: Sequence[Replayed]) -> list[Finding]:
    """Violations first; equal ones are one, told as it was first seen."""
    found: dict[tuple[str, str, str, Level], Finding] = {}
    for finding in (finding for one in streams for finding in one.findings):
        key = finding.operation, finding.id, finding.place, finding.level
        known = found.get(key)
        found[key] = replace(known, count=known.count + finding.count) if known else finding
    return sorted(found.values(), key=lambda finding: finding.level is Level.SHOULD)


def _operation(name: str, monitors: list[StreamMonitor], redactor: Redactor) -> dict[str, Any]:
    transitions = reduce(or_, (monitor.transitions for monitor in monitors))
    unknown = UnknownEvents()
    for monitor in monitors:
        unknown.update(monitor.unknown)
    unsettled = {part.id: part.reason for monitor in monitors for part in monitor.unsettled}
    return {
        "operationId": name,
        "streams": len(monitors),
        "events": sum(monitor.events for monitor in monitors),
        "outcomes": Counter(m.last_symbol for m in monitors if m.outcome and m.last_symbol),
        "transitions": {
            "seen": len(transitions.seen),
            "total": transitions.total,
            "missing": list(transitions.missing),
        },
        "unknownEvents": {_shown(event, redactor): count for event, count in unknown.counts.items()},
        "unsettled": [{"id": id_, "reason": _shown(reason, redactor)} for id_, reason in unsettled.items()],
    }


def _plain(finding: Finding, redactor: Redactor) -> dict[str, Any]:
    return {
        "id": finding.id,
        "level": finding.level.value,
        "operation": finding.operation,
        "message": _shown(finding.message, redactor),
        "expected": _shown(finding.expected, redactor),
        "got": _shown(finding.got, redactor),
        "eventIndex": finding.event_index,
        "offset": finding.offset,
        "atMs": finding.at_ms,
        "location": None if finding.location is None else str(finding.location),
        "count": finding.count,
    }
