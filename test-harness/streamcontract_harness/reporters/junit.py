"""The report as JUnit XML: a test case for each operation and check, as GitLab and Jenkins read it.

A case has one `failure`, with all of its findings: both show the first only.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

from streamcontract.redaction import Redactor
from streamcontract_harness.reporters.matrix import Cell, State, matrix
from streamcontract_harness.reporters.shown import ShownFinding, shown, values, visible
from streamcontract_harness.results import Report

__all__ = ["write"]

SKIPPED = (State.NOT_APPLICABLE, State.NOT_JUDGED)
WHOLE = "the run got to its end"
ATTACHMENT = "[[ATTACHMENT|"
"""What GitLab, and a plugin of Jenkins, take for a file to be attached."""


def write(report: Report, redactor: Redactor, path: Path, strict: bool = False) -> None:
    """Write the report to a file. Warnings fail a test case when `strict`. Raises OSError."""
    cases = [*_run(report, redactor), *_stale(report, redactor)]
    cases += [_case(cell, redactor, strict) for cell in matrix(report)]
    counts = {
        name: str(sum(case.find(kind) is not None for case in cases))
        for name, kind in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped"))
    }
    counts = {"tests": str(len(cases)), **counts, "time": f"{report.seconds:.3f}"}
    suite = ET.Element("testsuite", {"name": f"streamcontract {visible(report.contract)}", **counts})
    suite.extend(cases)
    of_all = {name: count for name, count in counts.items() if name != "skipped"}  # Jenkins' schema has none there
    root = ET.Element("testsuites", {"name": "streamcontract", **of_all})
    root.append(suite)
    ET.indent(root)
    ET.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def _run(report: Report, redactor: Redactor) -> Iterator[ET.Element]:
    """Whether the run as a whole got anywhere: without it, a file that says nothing would look like a pass."""
    case = _named("streamcontract", WHOLE)
    if reason := report.untestable or report.cut_short or ("the run was interrupted" if report.interrupted else ""):
        _tell(case, "error", redactor.text(reason), redactor.text(reason), type="inconclusive")
    yield case


def _stale(report: Report, redactor: Redactor) -> Iterator[ET.Element]:
    for entry in report.stale:
        case = _named("baseline", f"{entry.operation} {entry.level} {entry.id} {redactor.text(entry.place)}".strip())
        message = "a known finding did not come again: take it out of the baseline"
        _tell(case, "failure", message, message, type="stale")
        yield case


def _case(cell: Cell, redactor: Redactor, strict: bool) -> ET.Element:
    case = _named(cell.operation, cell.check)
    findings = [shown(reported, redactor) for reported in cell.findings]
    failing = [finding for finding in findings if (finding.is_violation or strict) and not finding.is_known]
    others = [finding for finding in findings if finding not in failing]
    if failing:
        more = f" (and {len(failing) - 1} more)" if len(failing) > 1 else ""
        _tell(case, "failure", failing[0].message + more, "\n\n".join(map(_details, failing)), type=failing[0].id)
    elif cell.state in SKIPPED:
        reason = f"{cell.state.value}: {redactor.text(cell.reason)}"
        _tell(case, "skipped", reason, reason)
    if others:
        ET.SubElement(case, "system-out").text = _clean("\n\n".join(map(_other, others)))
    return case


def _named(classname: str, name: str) -> ET.Element:
    return ET.Element("testcase", classname=_clean(visible(classname)), name=_clean(visible(name)))


def _tell(case: ET.Element, kind: str, message: str, text: str, **attributes: str) -> None:
    """The text stands in the element, too: GitLab shows no message."""
    told = ET.SubElement(case, kind, {"message": _clean(message), **attributes})
    told.text = _clean(text)


def _other(finding: ShownFinding) -> str:
    kind = "violation" if finding.is_violation else "warning"
    return f"{'known ' * finding.is_known}{kind} {_details(finding)}"


def _details(finding: ShownFinding) -> str:
    parts = [
        f"{finding.id}: {finding.message}",
        *values(finding),
        f"contract: {finding.location}" if finding.location else "",
    ]
    parts += list(finding.commands)
    if finding.stretch is not None:
        parts.append(f"the stream from byte {finding.stretch.offset}:")
        parts += [
            f"{'>' if n == finding.stretch.fault else ' '} {line}" for n, line in enumerate(finding.stretch.lines)
        ]
    return "\n".join(part for part in parts if part)


def _clean(text: str) -> str:
    """XML 1.0 has no control characters, not even escaped, and no lone surrogates."""
    allowed = (c for c in text if c in "\t\n" or " " <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c > "\uffff")
    return "".join(allowed).replace(ATTACHMENT, ATTACHMENT.replace("[[", "[ ["))
