"""Annotations: findings that GitHub Actions shows at the contract's lines, written as commands to its runner."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from streamcontract_harness.redaction import Redactor
from streamcontract_harness.reporters.places import place_of, within
from streamcontract_harness.reporters.shown import shown
from streamcontract_harness.results import Report, Reported

__all__ = ["annotated", "is_runner"]

MOST = 10
"""GitHub shows so many errors, and so many warnings, of a step."""
IN_MESSAGES = {"%": "%25", "\r": "%0D", "\n": "%0A"}
IN_PROPERTIES = {**IN_MESSAGES, ":": "%3A", ",": "%2C"}


def is_runner() -> bool:
    """Whether GitHub Actions reads what is printed."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


def annotated(report: Report, redactor: Redactor) -> Iterator[str]:
    """A line for each finding, as many as GitHub shows, and one that counts the others."""
    shown_of = {"error": 0, "warning": 0}
    for reported in report.findings:
        kind = "error" if shown(reported, redactor).is_violation else "warning"
        shown_of[kind] += 1
        if shown_of[kind] <= MOST:
            yield _command(kind, report, reported, redactor)
    left_out = sum(max(count - MOST, 0) for count in shown_of.values())
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
    message = "\n".join([finding.message, *finding.commands])
    return f"::{kind} {given}::{_escaped(message, IN_MESSAGES)}"


def _escaped(text: str, escapes: Mapping[str, str]) -> str:
    return "".join(escapes.get(character, character) for character in text)
