"""The report as GitHub's Markdown: the summary of a CI job, or a comment of a merge request."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from streamcontract import Level, Verdict
from streamcontract.redaction import Redactor
from streamcontract_harness.reporters.matrix import Cell, State, matrix
from streamcontract_harness.reporters.places import place_of, within
from streamcontract_harness.reporters.shown import ShownFinding, shown, visible
from streamcontract_harness.results import Report, Reported, Tally

__all__ = ["block", "code", "prose", "text_of", "write"]

SUMMARY = "GITHUB_STEP_SUMMARY"
"""Names the file that GitHub shows as a step's summary. Others write to it, too: it is never begun anew."""
LARGEST = 1_000_000
"""Bytes: GitHub shows nothing of a step's summary of more than 1 MiB."""
LONGEST_NOTE = 50
"""Notes, and checks that were not made, that are told."""
VERDICTS = {
    Verdict.CONFORMS: "✅ conforms to the contract",
    Verdict.VIOLATES: "❌ violates the contract",
    Verdict.INCONCLUSIVE: "⚠️ inconclusive: the server could not be tested as a whole",
}
PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


def write(report: Report, redactor: Redactor, path: Path, strict: bool = False) -> None:
    """Write the report to a file; to GitHub's file of a step's summary it is added. Raises OSError."""
    summary = os.environ.get(SUMMARY)
    if not summary or not path.exists() or not path.samefile(summary):
        path.write_text(text_of(report, redactor, LARGEST), encoding="utf-8")
        return
    with path.open("a", encoding="utf-8") as file:
        file.write(text_of(report, redactor, LARGEST - file.tell()))


def text_of(report: Report, redactor: Redactor, room: int = LARGEST) -> str:
    """The report in at most so many bytes: findings that have no place are counted, and left to the other reports."""
    head = "\n\n".join([*_head(report, redactor), *_table(report)])
    tail = "\n\n".join(_not_judged(report, redactor))
    room -= len(f"{head}{tail}".encode()) + 200
    parts, left_out = [], 0
    for number, reported in enumerate(report.findings, 1):
        part = "\n\n".join(_finding(number, shown(reported, redactor), report, reported))
        size = len(part.encode()) + 2
        if size > room or left_out:
            left_out += 1
            continue
        room -= size
        parts.append(part)
    if left_out:
        parts.append(f"{left_out} more findings are left out, as GitHub shows no summary that is larger.")
    return "\n\n".join(part for part in (head, *parts, tail) if part) + "\n"


def prose(text: str) -> str:
    """A text in which nothing is Markdown, HTML, a link or somebody's name."""
    return PUNCTUATION.sub(r"\\\1", visible(text)).replace("@", "@\u2060")


def code(text: str) -> str:
    """A text as code within a line, also in a table."""
    line = visible(text).replace("|", "\\|")
    fence = "`" * (_longest_run(line) + 1)
    return (
        f"{fence} {line} {fence}" if line.startswith(("`", " ")) or line.endswith(("`", " ")) else fence + line + fence
    )


def block(*lines: str, language: str = "") -> str:
    """Lines as a block of code."""
    inside = "\n".join(visible(line) for line in lines)
    fence = "`" * max(3, _longest_run(inside) + 1)
    return f"{fence}{language}\n{inside}\n{fence}"


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)


def _head(report: Report, redactor: Redactor) -> Iterator[str]:
    yield f"## {VERDICTS[report.verdict]}"
    counts = {"violation": report.violations, "warning": report.warnings, "known finding": report.known}
    counts = {noun: count for noun, count in counts.items() if count or noun != "known finding"}
    found = ", ".join(f"{count} {noun}{'' if count == 1 else 's'}" for noun, count in counts.items())
    where = f"{code(redactor.url(report.url))} against {code(within(report.contract))}"
    yield f"{found}: {where}" + f", {report.seconds:.1f} s, seed {report.seed}" * (not report.is_replay)
    reasons = [report.untestable, report.cut_short, "the run was interrupted" if report.interrupted else ""]
    for reason in dict.fromkeys(reasons):
        if reason:
            yield f"**{prose(redactor.text(reason))}**"
    if report.stale:
        yield "**Stale: in the baseline, and did not come again; take them out of it**"
        yield "\n".join(
            f"- {code(entry.id)} ({code(entry.operation)}) {code(redactor.text(entry.place)) if entry.place else ''}"
            for entry in report.stale
        )


def _table(report: Report) -> Iterator[str]:
    """Operations and families: where something is wrong is seen at a glance."""
    cells: dict[str, dict[str, list[Cell]]] = defaultdict(lambda: defaultdict(list))
    for cell in matrix(report):
        cells[cell.operation][cell.check.partition(".")[0]].append(cell)
    families = sorted({family for row in cells.values() for family in row})
    rows = ["| operation | requests | streams | events |" + "".join(f" {family} |" for family in families)]
    rows.append("|---|--:|--:|--:|" + "---|" * len(families))
    for operation, row in cells.items():
        columns = [code(operation), *_seen(report.tallies.get(operation)), *(_mark(row[family]) for family in families)]
        rows.append(f"| {' | '.join(columns)} |")
    yield "\n".join(rows)
    yield "✅ held · ❌ violations · ⚠️ warnings · ☑️ known · ❔ not judged in full · – does not apply"


def _seen(tally: Tally | None) -> tuple[str, str, str]:
    if tally is None:
        return "", "", ""
    if tally.stream is None:
        return f"{tally.requests:,}", "–", "–"
    return f"{tally.requests:,}", f"{tally.streams:,}", f"{tally.events:,}"


def _mark(cells: list[Cell]) -> str:
    """What came of a family's checks on an operation."""
    found = [reported for cell in cells for reported in cell.findings]
    new = [reported.finding.level for reported in found if not reported.known]
    counts = {"❌": new.count(Level.MUST), "⚠️": new.count(Level.SHOULD), "☑️": len(found) - len(new)}
    marks = [f"{mark} {count}" for mark, count in counts.items() if count]
    states = {cell.state for cell in cells}
    if State.NOT_JUDGED in states:
        marks.append("❔")
    return " ".join(marks) or ("✅" if State.HELD in states else "–")


def _finding(number: int, finding: ShownFinding, report: Report, reported: Reported) -> Iterator[str]:
    kind = "violation" if finding.is_violation else "warning"
    yield f"### {number}. {'known ' * finding.is_known}{kind} {code(finding.id)} · {code(finding.operation)}"
    yield prose(finding.message)
    facts = [
        f"- {name}: {code(value)}" for name, value in (("expected", finding.expected), ("got", finding.got)) if value
    ]
    place = place_of(report, reported)
    facts.append(f"- contract: {code(f'{within(place.file)}:{place.line}')}")
    facts.append(f"- explained by {code(f'streamcontract checks {finding.id}')}")
    yield "\n".join(facts)
    if finding.commands:
        yield block(*finding.commands, language="sh")
    if finding.stretch is not None:
        fault = finding.stretch.fault
        lines = [f"{'>' if n == fault else '|'} {line}" for n, line in enumerate(finding.stretch.lines)]
        what = f"the stream from byte {finding.stretch.offset}, the fault at &gt;"
        yield f"<details><summary>{what}</summary>\n\n{block(*lines)}\n\n</details>"


def _not_judged(report: Report, redactor: Redactor) -> Iterator[str]:
    lines = [
        f"- {code(tally.operation)}: {prose(redactor.text(why))}"
        for tally in report.tallies.values()
        if (why := tally.not_reached or tally.not_judged)
    ]
    lines += [
        f"- {code(unsettled.id)} ({code(tally.operation)}): {prose(redactor.text(unsettled.reason))}"
        for tally in report.tallies.values()
        for unsettled in tally.unsettled.values()
    ]
    lines += [
        f"- {code(id_)} ({code(tally.operation)}): {prose(redactor.text(reason))}"
        for tally in report.tallies.values()
        for id_, reason in tally.tried.items()
        if reason
    ]
    notes = [f"- {prose(redactor.text(note))}" for note in report.notes]
    for title, texts in (("Not judged", lines), ("Notes", notes)):
        if texts:
            more = [f"- and {len(texts) - LONGEST_NOTE} more"] if len(texts) > LONGEST_NOTE else []
            yield "\n".join(
                [f"<details><summary>{title}</summary>", "", *texts[:LONGEST_NOTE], *more, "", "</details>"]
            )
