"""The report as JSON, version 1."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from streamcontract.redaction import Redactor
from streamcontract_harness.baseline import KnownFinding
from streamcontract_harness.reporters.shown import ShownFinding, shown, visible
from streamcontract_harness.results import Report, Tally

__all__ = ["VERSION", "document", "write"]

VERSION = 1


def write(report: Report, redactor: Redactor, path: Path, strict: bool = False) -> None:
    """Write the report to a file. Raises OSError."""
    path.write_text(json.dumps(document(report, redactor), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def document(report: Report, redactor: Redactor) -> dict[str, Any]:
    """The report as plain data. Operations come in the contract's order, findings violations first."""
    return {
        "version": VERSION,
        "contract": report.contract,
        "url": report.url if report.is_replay else redactor.url(report.url),
        "verdict": report.verdict.value,
        **({} if report.is_replay else {"seed": report.seed, "seconds": round(report.seconds, 3)}),
        "interrupted": report.interrupted,
        "untestable": _reason(report.untestable, redactor),
        "cutShort": _reason(report.cut_short, redactor),
        "findings": [_finding(shown(reported, redactor)) for reported in report.findings],
        "stale": [_entry(entry, redactor) for entry in report.stale],
        "operations": [_operation(tally, redactor) for tally in report.tallies.values()],
        "notes": [visible(redactor.text(note)) for note in report.notes],
    }


def _finding(finding: ShownFinding) -> dict[str, Any]:
    stretch = finding.stretch
    return {
        "id": finding.id,
        "level": "must" if finding.is_violation else "should",
        "operation": finding.operation,
        "message": finding.message,
        "expected": finding.expected,
        "got": finding.got,
        "eventIndex": finding.event_index,
        "offset": finding.offset,
        "atMs": None if finding.at_ms is None else round(finding.at_ms, 3),
        "location": finding.location or None,
        "count": finding.count,
        "exchanges": finding.exchanges,
        "smallest": finding.is_smallest,
        "known": finding.is_known,
        "curl": list(finding.commands),
        "stream": None
        if stretch is None
        else {"offset": stretch.offset, "lines": list(stretch.lines), "faultLine": stretch.fault},
    }


def _entry(entry: KnownFinding, redactor: Redactor) -> dict[str, Any]:
    place = visible(redactor.text(entry.place))
    return {"id": entry.id, "level": entry.level, "operation": entry.operation, "place": place}


def _reason(text: str, redactor: Redactor) -> str | None:
    return visible(redactor.text(text)) or None


def _operation(tally: Tally, redactor: Redactor) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": tally.operation,
        "method": tally.method,
        "path": tally.path,
        "requests": tally.requests,
        "otherMethods": tally.other_methods,
        "ownRequests": tally.own_requests,
        "statuses": {str(status): count for status, count in sorted(tally.statuses.items())},
        "notReached": _reason(tally.not_reached, redactor),
        "notJudged": _reason(tally.not_judged, redactor),
        "streams": tally.streams,
        "events": tally.events,
        "outcomes": dict(sorted(tally.outcomes.items())),
    }
    if tally.transitions is not None:
        transitions = tally.transitions
        found["transitions"] = {
            "seen": len(transitions.seen),
            "total": transitions.total,
            "missing": list(transitions.missing),
        }
        found["unknownEvents"] = {visible(redactor.text(name)): count for name, count in tally.unknown.counts.items()}
        found["unsettled"] = [
            {"id": unsettled.id, "reason": visible(redactor.text(unsettled.reason))}
            for unsettled in tally.unsettled.values()
        ]
        found["checks"] = {
            "made": [id_ for id_, reason in tally.tried.items() if not reason],
            "notMade": [
                {"id": id_, "reason": visible(redactor.text(reason))} for id_, reason in tally.tried.items() if reason
            ],
        }
    return found
