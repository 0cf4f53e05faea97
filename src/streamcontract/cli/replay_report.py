"""What a replay has found: for a person, and as the same JSON that `check` writes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streamcontract.contract.model import Contract
from streamcontract.monitor.findings import Finding, Verdict
from streamcontract.monitor.monitor import StreamMonitor
from streamcontract.monitor.request import Request, Response
from streamcontract.redaction import Redactor, credential_names

__all__ = ["Replayed", "report_document", "summary", "write_json"]

BEFORE, BEHIND = 80, 400
"""Bytes shown before the place of a fault, and from it on."""
MARGIN = 16_384
"""Bytes on either side of these that are looked at for secrets, which may lie across the edge."""

VERDICTS = {
    Verdict.CONFORMS: "CONFORMS to the contract",
    Verdict.VIOLATES: "VIOLATES the contract",
    Verdict.INCONCLUSIVE: "INCONCLUSIVE: nothing is wrong in what could be judged",
}


@dataclass(frozen=True, slots=True)
class Replayed:
    """A recorded stream and what was found in it, as the reports of other packages take it, too.

    `contract_file` and `source` are the files as they were named; `recorded` is the stream's beginning. `arrivals` are
    the chunks' times in seconds after the request, each with the number of bytes that had come by then; empty where
    they are not known. `request` and `response` are None where they are not known.
    """

    contract: Contract
    contract_file: str
    source: str
    monitor: StreamMonitor
    recorded: bytes
    request: Request | None = None
    response: Response | None = None
    arrivals: tuple[tuple[float, int], ...] = ()

    def redactor(self) -> Redactor:
        """What keeps the recording's secrets out of a report."""
        headers = self.request.headers.items() if self.request is not None else ()
        return Redactor(headers, credential_names(self.contract))


def summary(replayed: Replayed) -> str:
    """The verdict, each finding with the bytes around it, and what was not judged."""
    monitor, redactor = replayed.monitor, replayed.redactor()
    transitions = monitor.transitions
    lines = [
        f"{monitor.stream.operation}: {VERDICTS[monitor.verdict]}",
        f"  {monitor.events} events, {len(replayed.recorded)} bytes; "
        f"transitions {len(transitions.seen)} of {transitions.total}; outcome {monitor.outcome or 'none'}",
    ]
    if monitor.unknown:
        lines.append(f"  events that the contract does not know: {_shown(str(monitor.unknown), redactor)}")
    for number, finding in enumerate(monitor.findings, 1):
        lines += ["", *_finding(number, finding, replayed.recorded, redactor)]
    if monitor.unsettled:
        lines += ["", "not judged:", *(f"  {part.id}: {_shown(part.reason, redactor)}" for part in monitor.unsettled)]
    return "\n".join(lines)


def _finding(number: int, finding: Finding, recorded: bytes, redactor: Redactor) -> Iterator[str]:
    times = f", {finding.count} times" if finding.count > 1 else ""
    level = "violation" if finding.level.value == "must" else "warning"
    yield f"{number}. {level} {finding.id}{times}"
    yield f"   {_shown(finding.message, redactor)}"
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


def write_json(replayed: Replayed, path: Path) -> None:
    """Write the JSON report to a file. Raises OSError."""
    text = json.dumps(report_document(replayed), indent=2, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8", errors="backslashreplace")


def report_document(replayed: Replayed) -> dict[str, Any]:
    """The JSON report, version 1; `url` is the recording's name."""
    monitor, redactor = replayed.monitor, replayed.redactor()
    transitions = monitor.transitions
    outcome = {monitor.last_symbol: 1} if monitor.outcome and monitor.last_symbol else {}
    return {
        "version": 1,
        "contract": replayed.contract_file,
        "url": replayed.source,
        "verdict": monitor.verdict.value,
        "findings": [_plain(finding, redactor) for finding in monitor.findings],
        "operations": [
            {
                "operationId": monitor.stream.operation,
                "streams": 1,
                "events": monitor.events,
                "outcomes": outcome,
                "transitions": {
                    "seen": len(transitions.seen),
                    "total": transitions.total,
                    "missing": list(transitions.missing),
                },
                "unknownEvents": {_shown(name, redactor): count for name, count in monitor.unknown.counts.items()},
                "unsettled": [{"id": part.id, "reason": _shown(part.reason, redactor)} for part in monitor.unsettled],
            }
        ],
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
