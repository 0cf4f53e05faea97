"""The report as JUnit XML: one test case for each operation and family of checks, as GitLab and Jenkins read it."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from xml.etree import ElementTree as ET

from streamcontract_harness.redaction import Redactor
from streamcontract_harness.reporters.shown import ShownFinding, shown
from streamcontract_harness.results import Report, Tally

__all__ = ["write"]

OF_ALL = ("api", "http")
OF_STREAMS = ("wire", "sequence", "schema", "slice", "rule", "timing", "afterwards", "coverage")
"""Families, by the operations that they apply to; a finding of another family is listed all the same."""


def write(report: Report, redactor: Redactor, path: Path, strict: bool = False) -> None:
    """Write the report to a file. Warnings fail a test case when `strict`. Raises OSError."""
    by_case: dict[tuple[str, str], list[ShownFinding]] = defaultdict(list)
    for reported in report.findings:
        finding = shown(reported, redactor)
        by_case[finding.operation, finding.id.partition(".")[0]].append(finding)
    suite = ET.Element("testsuite", name=f"streamcontract {report.contract}", time=f"{report.seconds:.3f}")
    for tally in report.tallies.values():
        families = OF_ALL + (OF_STREAMS if tally.stream is not None else ())
        extra = [family for operation, family in by_case if operation == tally.operation and family not in families]
        for family in (*families, *dict.fromkeys(extra)):
            suite.append(_case(tally, family, by_case.pop((tally.operation, family), []), strict))
    for (operation, family), findings in by_case.items():  # of an operation that was only asked on the way
        suite.append(_case(None, family, findings, strict, operation))
    for entry in report.stale:
        case = ET.SubElement(suite, "testcase", classname=_clean(entry.operation), name=f"baseline {_clean(entry.id)}")
        ET.SubElement(case, "failure", type="baseline", message="a known finding did not come again: take it out")
    if report.untestable:
        case = ET.SubElement(suite, "testcase", classname="streamcontract", name="the server can be tested")
        ET.SubElement(case, "error", message=_clean(report.untestable))
    for kind in ("failure", "error", "skipped"):
        name = {"failure": "failures", "error": "errors"}.get(kind, kind)
        suite.set(name, str(sum(case.find(kind) is not None for case in suite)))
    suite.set("tests", str(len(suite)))
    root = ET.Element("testsuites")
    root.append(suite)
    ET.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def _case(
    tally: Tally | None, family: str, findings: list[ShownFinding], strict: bool, operation: str = ""
) -> ET.Element:
    case = ET.Element("testcase", classname=_clean(tally.operation if tally else operation), name=family)
    failing = [finding for finding in findings if (finding.is_violation or strict) and not finding.is_known]
    for finding in failing:
        failure = ET.SubElement(case, "failure", type=finding.id, message=_clean(finding.message))
        failure.text = _clean(_details(finding))
    if not failing and tally is not None and not tally.requests:
        ET.SubElement(case, "skipped", message=_clean(tally.not_reached or "nothing was sent"))
    elif not failing and tally is not None and tally.not_judged and family in OF_STREAMS:
        ET.SubElement(case, "skipped", message=_clean(tally.not_judged))
    others = [finding for finding in findings if finding not in failing]
    if others:
        output = ET.SubElement(case, "system-out")
        output.text = _clean("\n\n".join(_other(finding) for finding in others))
    return case


def _other(finding: ShownFinding) -> str:
    kind = "violation" if finding.is_violation else "warning"
    return f"{'known ' * finding.is_known}{kind} {finding.id}: {_details(finding)}"


def _details(finding: ShownFinding) -> str:
    parts = [finding.message, f"contract: {finding.location}" if finding.location else ""]
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
    return "".join(allowed)
