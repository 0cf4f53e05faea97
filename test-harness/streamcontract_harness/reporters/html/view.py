"""What the page says, in the order in which it stands there; the template only lays it out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from platform import python_version

from streamcontract import Verdict
from streamcontract.redaction import Redactor
from streamcontract_harness.checks.catalogue import find_check
from streamcontract_harness.checks.page import Page
from streamcontract_harness.reporters.again import command
from streamcontract_harness.reporters.html.sequences import ShownSequence, sequences
from streamcontract_harness.reporters.html.streams import ShownStream, streams
from streamcontract_harness.reporters.html.table import Table, table
from streamcontract_harness.reporters.shown import ShownFinding, shown
from streamcontract_harness.results import Report, Tally

__all__ = ["NumberedFinding", "ShownOperation", "View", "view"]

PACKAGES = ("streamcontract", "streamcontract-harness", "schemathesis")
VERDICTS = {
    Verdict.CONFORMS: ("conforms", "✓", "Conforms to the contract"),
    Verdict.VIOLATES: ("violates", "✗", "Violates the contract"),
    Verdict.INCONCLUSIVE: ("inconclusive", "?", "Inconclusive: the server could not be tested as a whole"),
}
MANY = 50
"""Findings beyond which a browser is told to lay them out only when they come into view."""
UNTESTABLE = ("untestable", "∅", "Could not be tested")


@dataclass(frozen=True, slots=True)
class NumberedFinding:
    """A finding with its number on the page, and the page of its check."""

    number: int
    shown: ShownFinding
    page: Page | None


@dataclass(frozen=True, slots=True)
class ShownOperation:
    """One operation: what was seen of it, its sequences, its streams and its findings."""

    name: str
    method: str
    path: str
    facts: tuple[str, ...]
    remarks: tuple[str, ...]
    sequences: tuple[ShownSequence, ...]
    streams: tuple[ShownStream, ...]
    left_out: int
    findings: tuple[NumberedFinding, ...]


@dataclass(frozen=True, slots=True)
class View:
    """The page. `why` are the reasons for the verdict, `facts` what the run was, `page_of` the page of each check."""

    verdict: tuple[str, str, str]
    why: tuple[str, ...]
    counts: tuple[tuple[str, int], ...]
    stale: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    command: str
    table: Table
    operations: tuple[ShownOperation, ...]
    unsettled: tuple[str, ...]
    notes: tuple[str, ...]
    pages: tuple[Page, ...]
    page_of: Mapping[str, str]
    many: bool


def view(report: Report, redactor: Redactor, say: Callable[[str], str]) -> View:
    """The page of a report; `say` makes a text fit to be shown."""
    found = [
        NumberedFinding(number, shown(reported, redactor), _page(reported.finding.id))
        for number, reported in enumerate(report.findings, 1)
    ]
    whole = table(report)
    ids = [row.check for _, rows in whole.families for row in rows]
    page_of = {id_: page for id_ in ids if (page := _page(id_)) is not None}
    pages = {page.id: page for page in page_of.values()}
    return View(
        verdict=UNTESTABLE if report.untestable else VERDICTS[report.verdict],
        why=tuple(_why(report)),
        counts=_counts(report),
        stale=tuple(" ".join((entry.id, f"({entry.operation})", entry.place)).strip() for entry in report.stale),
        facts=tuple(_facts(report, redactor)),
        command=command(report, redactor),
        table=whole,
        operations=tuple(_operations(report, redactor, say, found)),
        unsettled=tuple(
            f"{unsettled.id} ({tally.operation}): {unsettled.reason}"
            for tally in report.tallies.values()
            for unsettled in tally.unsettled.values()
        ),
        notes=tuple(report.notes),
        pages=tuple(pages[id_] for id_ in sorted(pages)),
        page_of={id_: page.id for id_, page in page_of.items()},
        many=len(found) > MANY,
    )


def _page(id_: str) -> Page | None:
    check = find_check(id_)
    return check.page if check is not None else None


def _why(report: Report) -> list[str]:
    reasons = [report.untestable, report.cut_short if report.cut_short != report.untestable else ""]
    reasons.append("the run was interrupted: this is what had been seen by then" if report.interrupted else "")
    if not report.violations:
        reasons += [f"{tally.operation}: {tally.not_judged}" for tally in report.tallies.values() if tally.not_judged]
    if not any(reasons) and not report.found:
        reasons.append("nothing was found that the contract does not allow")
    if report.violations:
        operations = {r.finding.operation for r in report.findings[: report.violations]}
        reasons.append(f"{number(report.violations, 'violation')} in {number(len(operations), 'operation')}")
    elif report.warnings:
        reasons.append(f"{number(report.warnings, 'warning')}, which break no MUST")
    if report.known:
        reasons.append(f"{number(report.known, 'finding')} of the baseline came again, which counts for nothing")
    if report.stale:
        reasons.append(f"the baseline is stale: {number(len(report.stale), 'finding')} of it did not come again")
    return [f"{reason[:1].upper()}{reason[1:]}." for reason in reasons if reason]


def _counts(report: Report) -> tuple[tuple[str, int], ...]:
    tallies = report.tallies.values()
    return (
        ("violations", report.violations),
        ("warnings", report.warnings),
        *((("known findings", report.known),) if report.known else ()),
        ("operations", len(report.tallies)),
        ("requests", sum(tally.requests + tally.other_methods + tally.own_requests for tally in tallies)),
        ("streams", sum(tally.streams for tally in tallies)),
        ("events", sum(tally.events for tally in tallies)),
    )


def _facts(report: Report, redactor: Redactor) -> list[tuple[str, str]]:
    facts = [("Contract", report.contract)]
    if report.is_replay:
        facts.append(("Recording", report.url))
    else:
        facts += [("Server", redactor.url(report.url)), ("Seed", str(report.seed))]
    if report.began:
        facts.append(("Began", f"{datetime.fromtimestamp(report.began, UTC):%Y-%m-%d %H:%M:%S} UTC"))
        facts.append(("Took", f"{report.seconds:,.1f} s"))
    versions = [f"{package} {version(package)}" for package in PACKAGES]
    facts.append(("Made with", ", ".join([*versions, f"Python {python_version()}"])))
    return facts


def _operations(
    report: Report, redactor: Redactor, say: Callable[[str], str], found: list[NumberedFinding]
) -> list[ShownOperation]:
    by_operation: dict[str, list[NumberedFinding]] = {name: [] for name in report.tallies}
    for finding in found:
        by_operation.setdefault(finding.shown.operation, []).append(finding)
    numbers = {
        (one.finding.operation, one.finding.id, one.finding.place, one.finding.level): n
        for n, one in enumerate(report.findings, 1)
    }
    operations = []
    for name, findings in by_operation.items():
        tally = report.tallies.get(name)
        operations.append(
            ShownOperation(
                name,
                tally.method if tally else "",
                tally.path if tally else "",
                tuple(_seen(tally)) if tally else (),
                tuple(_remarks(tally)) if tally else ("It was only asked on the way to another operation.",),
                sequences(tally) if tally else (),
                streams(report.kept.streams(name), numbers, redactor, say),
                report.kept.left_out(name),
                tuple(findings),
            )
        )
    return operations


def _seen(tally: Tally) -> list[str]:
    answers = [f"{status} ×{count:,}" for status, count in sorted(tally.statuses.items())]
    unanswered = tally.requests - tally.statuses.total()
    answers += [f"none ×{unanswered:,}"] if unanswered else []
    lines = [number(tally.requests, "request") + (f" · answers: {', '.join(answers)}" if answers else "")]
    if tally.other_methods:
        lines.append(f"{number(tally.other_methods, 'request')} with other methods")
    if tally.own_requests:
        lines.append(f"{number(tally.own_requests, 'request')} of checks that send their own")
    if tally.stream is not None:
        outcomes = ", ".join(f"{symbol} ×{count:,}" for symbol, count in sorted(tally.outcomes.items())) or "none"
        lines.append(f"{number(tally.streams, 'stream')} · {number(tally.events, 'event')} · outcomes: {outcomes}")
    return lines


def _remarks(tally: Tally) -> list[str]:
    remarks = []
    if tally.not_reached:
        remarks.append(f"Not reached: {tally.not_reached}.")
    if tally.not_judged:
        remarks.append(f"Not judged: {tally.not_judged}.")
    elif tally.inconclusive_streams:
        remarks.append(f"{number(tally.inconclusive_streams, 'stream')} right as far as read, but not judged in full.")
    if tally.unknown:
        remarks.append(f"Events that the contract does not know: {tally.unknown}.")
    return remarks


def number(count: int, noun: str) -> str:
    """A number and its noun."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
