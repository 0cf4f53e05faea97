"""Annotations: findings that GitHub Actions shows at the contract's lines, written as commands to its runner."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from streamcontract import Level
from streamcontract.redaction import Redactor
from streamcontract_harness.reporters.places import place_of, within
from streamcontract_harness.reporters.shown import shown, values, visible
from streamcontract_harness.results import Report, Reported

__all__ = ["annotated"]

MOST = 10
"""GitHub shows so many errors, and so many warnings, of a step."""
IN_MESSAGES = {"%": "%25", "\r": "%0D", "\n": "%0A"}
IN_PROPERTIES = {**IN_MESSAGES, ":": "%3A", ",": "%2C"}


def annotated(report: Report, redactor: Redactor) -> Iterator[str]:
    """A line for each finding, as many as GitHub shows, and one that counts the others."""
    shown_of = {"error": 0, "warning": 0}
    for reported in report.findings:
        if reported.known:
            continue
        kind = "error" if reported.finding.level is Level.MUST else "warning"
        shown_of[kind] += 1
        if shown_of[kind] <= MOST:
            yield _command(kind, report, reported, redactor)
    for entry in report.stale[:MOST]:
        text = f"{entry.id} ({entry.operation}) is in the baseline and did not come again: take it out"
        yield f"::error title=streamcontract::{_escaped(visible(text), IN_MESSAGES)}"
    left_out = max(len(report.stale) - MOST, 0) + sum(max(count - MOST, 0) for count in shown_of.values())
    if left_out:
        yield f"::notice title=streamcontract::{left_out} more findings are in the log of this step and in its reports"


def _command(kind: str, report: Report, reported: Reported, redactor: Redactor) -> str:
    finding, place = shown(reported, redactor), place_of(report, reported)
    properties: Mapping[str, str] = {
        "file": within(place.file),
        "line": str(place.line),
        "col": str(max(place.column, 1)),
        "title": f"{finding.id} ({finding.operation})",
    }
    given = ",".join(f"{name}={_escaped(value, IN_PROPERTIES)}" for name, value in properties.items())
    message = "\n".join([finding.message, *values(finding), *finding.commands])
    return f"::{kind} {given}::{_escaped(message, IN_MESSAGES)}"


def _escaped(text: str, escapes: Mapping[str, str]) -> str:
    """The runner's older form of a command, `##[error]`, has no escape: it is broken up."""
    return "".join(escapes.get(character, character) for character in text.replace("##[", "## ["))
