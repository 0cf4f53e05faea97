"""The report as SARIF 2.1.0, as GitHub's code scanning reads it: a rule for each check, a result for each finding."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import quote

from streamcontract.redaction import Redactor
from streamcontract_harness.exits import CONFORMS, INTERRUPTED, UNTESTABLE, exit_code
from streamcontract_harness.reporters.places import place_of, within
from streamcontract_harness.reporters.sarif_rules import LEVELS, rules_for
from streamcontract_harness.reporters.shown import ShownFinding, shown, visible
from streamcontract_harness.results import Report, Reported

__all__ = ["document", "write"]

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
ROOT = "%SRCROOT%"
MOST_RESULTS = 5_000
"""GitHub shows so many of a run, and takes no file with many more; violations come first."""
ENDS = {
    CONFORMS: "nothing that was found breaks the contract",
    UNTESTABLE: "the server could not be tested as a whole",
    INTERRUPTED: "the run was interrupted",
}


def write(report: Report, redactor: Redactor, path: Path, strict: bool = False) -> None:
    """Write the report to a file. Raises OSError."""
    text = json.dumps(document(report, redactor, strict), indent=2, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def document(report: Report, redactor: Redactor, strict: bool = False) -> dict[str, Any]:
    """The report as a SARIF log of one run."""
    found = report.findings[:MOST_RESULTS]
    rules = rules_for(reported.finding.id for reported in found)
    numbers = {rule["id"]: number for number, rule in enumerate(rules)}
    code = exit_code(report, strict)
    run = {
        "tool": {
            "driver": {"name": "streamcontract", "semanticVersion": version("streamcontract-harness"), "rules": rules}
        },
        "automationDetails": {"id": f"streamcontract/{quote(within(report.contract).strip('/'))}/"},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {ROOT: {"description": {"text": "The repository, or the current directory of the run."}}},
        "invocations": [
            {
                "executionSuccessful": not (report.interrupted or report.untestable or report.cut_short),
                "exitCode": code,
                "exitCodeDescription": ENDS.get(code) or _why_it_fails(report),
                "toolExecutionNotifications": list(_notifications(report, redactor)),
            }
        ],
        "results": [_result(report, reported, redactor, numbers) for reported in found],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _why_it_fails(report: Report) -> str:
    if report.violations:
        return "the server violates the contract"
    return "the baseline has stale entries" if report.stale else "there are warnings, and the run was strict"


def _notifications(report: Report, redactor: Redactor) -> Iterator[dict[str, Any]]:
    """What the run did not get to: a log without results must not look like one without faults."""
    whole = [report.untestable, report.cut_short if report.cut_short != report.untestable else ""]
    whole += ["the run was interrupted"] if report.interrupted else []
    parts = [
        f"{tally.operation} was not judged in full: {tally.not_reached or tally.not_judged}"
        for tally in report.tallies.values()
        if tally.not_reached or tally.not_judged
    ]
    left_out = len(report.found) - MOST_RESULTS
    parts += [f"{left_out} more findings are left out: a log takes {MOST_RESULTS}"] if left_out > 0 else []
    whole += [
        f"{entry.id} ({entry.operation}) is in the baseline and did not come again: take it out"
        for entry in report.stale
    ]
    for level, texts in (("error", whole), ("warning", parts), ("note", report.notes)):
        for text in texts:
            if text:
                yield {"level": level, "message": {"text": visible(redactor.text(text))}}


def _result(report: Report, reported: Reported, redactor: Redactor, numbers: dict[str, int]) -> dict[str, Any]:
    finding = shown(reported, redactor)
    result: dict[str, Any] = {
        "ruleId": finding.id,
        "ruleIndex": numbers[finding.id],
        "level": LEVELS[finding.is_violation],
        "message": {"text": _message(finding)},
        "locations": [_location(report, reported)],
        "partialFingerprints": {"primaryLocationLineHash": _fingerprint(reported)},
        "occurrenceCount": finding.count,
        "properties": {"operation": finding.operation, "exchanges": finding.exchanges, "curl": list(finding.commands)},
    }
    if finding.is_known:
        known = {"kind": "external", "justification": "It is in the baseline."}
        result["suppressions"] = [known]
    return result


def _location(report: Report, reported: Reported) -> dict[str, Any]:
    place, operation = place_of(report, reported), reported.finding.operation
    file = within(place.file)
    if "://" in file or file.startswith("/"):
        artifact = {"uri": file if "://" in file else f"file://{quote(file)}"}
    else:
        artifact = {"uri": quote(file), "uriBaseId": ROOT}
    region = {"startLine": place.line, "startColumn": max(place.column, 1), "endLine": place.line}
    tally = report.tallies.get(operation)
    logical = {"name": operation, "kind": "resource"}
    if tally is not None:
        logical["fullyQualifiedName"] = f"{tally.method} {tally.path}"
    return {"physicalLocation": {"artifactLocation": artifact, "region": region}, "logicalLocations": [logical]}


def _message(finding: ShownFinding) -> str:
    """What is wrong, and what shows it. The first line is the title of GitHub's alert."""
    which = "the smallest request that shows it" if finding.is_smallest else "a request that shows it"
    often = f"Seen on {finding.exchanges} exchange{'' if finding.exchanges == 1 else 's'}"
    lines = [_plain(f"{finding.operation}: {finding.message}")]
    lines += [_plain(f"Expected: {finding.expected}")] if finding.expected else []
    lines += [_plain(f"Got: {finding.got}")] if finding.got else []
    if finding.commands:
        lines += [f"{often}; {which}:", *(line.replace("](", "]''(") for line in finding.commands)]
    if finding.stretch is not None:
        lines.append(f"The stream from byte {finding.stretch.offset}, the fault at >:")
        fault = finding.stretch.fault
        lines += [_plain(f"{'>' if n == fault else '|'} {line}") for n, line in enumerate(finding.stretch.lines)]
    return "\n".join(lines)


def _plain(text: str) -> str:
    """A text without links: `[text](target)` is one in a message (SARIF 2.1.0, section 3.11.6).

    In a `curl` line, where every such text stands in quotes, an empty string of the shell takes the place of the blank.
    """
    return text.replace("](", "] (")


def _fingerprint(reported: Reported) -> str:
    """The same for the same fault from run to run, wherever the contract's lines have moved to.

    The key of a slice is the server's data, and new each time. GitHub looks at this one fingerprint only.
    """
    finding = reported.finding
    place = "" if finding.id.startswith("slice.") else finding.place
    parts = (finding.operation, finding.id, finding.level.value, place)
    return sha256("\0".join(parts).encode(errors="backslashreplace")).hexdigest()[:32]
