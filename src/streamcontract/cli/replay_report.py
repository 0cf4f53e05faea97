"""What a replay has found: for a person, and as the same JSON that `check` writes."""

from typing import Any

from streamcontract.monitor.findings import Finding, Verdict
from streamcontract.monitor.monitor import StreamMonitor

__all__ = ["report_document", "summary"]

BEFORE, BEHIND = 80, 400
"""Bytes shown before the place of a fault, and from it on."""

VERDICTS = {
    Verdict.CONFORMS: "CONFORMS to the contract",
    Verdict.VIOLATES: "VIOLATES the contract",
    Verdict.INCONCLUSIVE: "INCONCLUSIVE: nothing is wrong in what could be judged",
}


def summary(monitor: StreamMonitor, recorded: bytes) -> str:
    """The verdict, each finding with the bytes around it, and what was not judged."""
    transitions = monitor.transitions
    lines = [
        f"{monitor.stream.operation}: {VERDICTS[monitor.verdict]}",
        f"  {monitor.events} events, {len(recorded)} bytes; "
        f"transitions {len(transitions.seen)} of {transitions.total}; outcome {monitor.outcome or 'none'}",
    ]
    if monitor.unknown:
        lines.append(f"  events that the contract does not know: {_visible(str(monitor.unknown))}")
    for number, finding in enumerate(monitor.findings, 1):
        lines += ["", *_finding(number, finding, recorded)]
    if monitor.unsettled:
        lines += ["", "not judged:", *(f"  {part.id}: {part.reason}" for part in monitor.unsettled)]
    return "\n".join(lines)


def _finding(number: int, finding: Finding, recorded: bytes) -> list[str]:
    times = f", {finding.count} times" if finding.count > 1 else ""
    level = "violation" if finding.level.value == "must" else "warning"
    lines = [f"{number}. {level} {finding.id}{times}", f"   {finding.message}"]
    if finding.offset is not None:
        lines.append(f"   at byte {finding.offset}:")
        lines += [f"   | {line}" for line in _stretch(recorded, finding.offset)]
    if finding.location is not None:
        lines.append(f"   in the contract: {finding.location}")
    return lines


def _stretch(recorded: bytes, offset: int) -> list[str]:
    """The stream around a place, with what does not print made visible."""
    part = recorded[max(0, offset - BEFORE) : offset + BEHIND].decode(errors="backslashreplace")
    return [_visible(line) for line in part.split("\n")]


def _visible(text: str) -> str:
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def report_document(monitor: StreamMonitor, contract: str, source: str) -> dict[str, Any]:
    """The JSON report, version 1; `url` is the recording's name."""
    transitions = monitor.transitions
    outcome = {monitor.last_symbol: 1} if monitor.outcome and monitor.last_symbol else {}
    return {
        "version": 1,
        "contract": contract,
        "url": source,
        "verdict": monitor.verdict.value,
        "findings": [_plain(finding) for finding in monitor.findings],
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
                "unknownEvents": monitor.unknown.counts,
                "unsettled": [{"id": part.id, "reason": part.reason} for part in monitor.unsettled],
            }
        ],
    }


def _plain(finding: Finding) -> dict[str, Any]:
    return {
        "id": finding.id,
        "level": finding.level.value,
        "operation": finding.operation,
        "message": finding.message,
        "expected": finding.expected,
        "got": finding.got,
        "eventIndex": finding.event_index,
        "offset": finding.offset,
        "atMs": finding.at_ms,
        "location": None if finding.location is None else str(finding.location),
        "count": finding.count,
    }
