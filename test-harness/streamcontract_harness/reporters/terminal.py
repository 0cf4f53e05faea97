"""Progress while a run goes on, and the summary at its end."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.status import Status
from rich.text import Text

from streamcontract import Verdict
from streamcontract.cli.output import harmless
from streamcontract.redaction import Redactor
from streamcontract_harness.checks.catalogue import find_check
from streamcontract_harness.events import FindingSeen, RunEvent, RunFinished, RunStarted, StageStarted
from streamcontract_harness.reporters.shown import ShownFinding, shown, values, visible
from streamcontract_harness.results import Report, Tally

__all__ = ["TerminalReporter"]

VERDICTS = {
    Verdict.CONFORMS: ("CONFORMS to the contract", "bold green"),
    Verdict.VIOLATES: ("VIOLATES the contract", "bold red"),
    Verdict.INCONCLUSIVE: ("INCONCLUSIVE: the server could not be tested as a whole", "bold yellow"),
}
MOST_MISSING = 8
"""Transitions not seen that are named; the JSON report has them all."""
MOST_FINDINGS = 100
"""Findings that are shown with what they rest on; a report has them all."""


class TerminalReporter:
    """Writes to a console; where that is no terminal, one line for each stage takes the place of the live line."""

    def __init__(self, console: Console, redactor: Redactor) -> None:
        self._console = console
        self._redactor = redactor
        self._status: Status | None = None
        self._report: Report | None = None
        self._stage, self._operation, self._heading = "connecting", "", ""
        self._started = time.monotonic()

    def __call__(self, event: RunEvent) -> None:
        match event:
            case RunStarted(report):
                self._start(report)
            case StageStarted(stage, operation):
                self._turn_to(stage, operation)
            case FindingSeen(reported):
                self._tell(shown(reported, self._redactor))
            case RunFinished(report):
                self.close()
                self._summary(report)

    def close(self) -> None:
        """Take the live line away."""
        if self._status is not None:
            self._status.stop()
            self._status = None

    def _line(self, text: str, style: str = "", indent: int = 0) -> None:
        self._console.print(Text(harmless(" " * indent + visible(text)), style=style), soft_wrap=True)

    def _start(self, report: Report) -> None:
        self._report = report
        self._line(f"checking {self._redactor.url(report.url)} against {report.contract} (seed {report.seed})")
        if self._console.is_interactive and self._console.file.isatty():  # colours may be forced upon a file
            self._status = self._console.status(_Live(self._now))
            self._status.start()

    def _turn_to(self, stage: str, operation: str) -> None:
        """Where there is no live line, what the run turns to is one; checks of one operation are one thing."""
        heading = f"{stage} {operation}".rstrip()
        if stage.startswith("Schemathesis"):
            heading = stage
        elif find_check(stage) is not None:
            heading = f"checks that send requests of their own {operation}"
        if self._status is None and heading != self._heading:
            self._line(heading, "dim")
        self._stage, self._operation, self._heading = stage, operation, heading

    def _now(self) -> str:
        """The live line, drawn several times a second: what may be cut off at its end is the longest part."""
        tallies = list(self._report.tallies.values()) if self._report else []
        requests = sum(tally.requests + tally.own_requests for tally in tallies)
        return (
            f"{time.monotonic() - self._started:.0f} s · "
            f"{_number(len(self._report.found) if self._report else 0, 'finding')} · "
            f"{requests:,} requests · {sum(t.streams for t in tallies):,} streams · "
            f"{sum(t.events for t in tallies):,} events · {self._stage} {self._operation}"
        )

    def _tell(self, finding: ShownFinding) -> None:
        mark, style = ("✗", "red") if finding.is_violation else ("!", "yellow")
        mark, style = ("known", "dim") if finding.is_known else (mark, style)
        self._line(f"{mark} {finding.id} ({finding.operation}) {finding.message}", style)

    def _summary(self, report: Report) -> None:
        self._line("")
        text, style = VERDICTS[report.verdict]
        found = f"{_number(report.violations, 'violation')}, {_number(report.warnings, 'warning')}"
        known = f" · {_number(report.known, 'known finding')}" if report.known else ""
        self._line(f"{text} · {found}{known} · {report.seconds:.1f} s", style)
        if report.interrupted:
            self._line("The run was interrupted: this is what had been seen by then.", "yellow")
        for reason in dict.fromkeys((report.untestable, report.cut_short)):
            if reason:
                self._line(self._redactor.text(f"{reason[:1].upper()}{reason[1:]}."), "yellow")
        self._baseline(report)
        self._operations(report)
        for number, reported in enumerate(report.findings[:MOST_FINDINGS], 1):
            self._finding(number, shown(reported, self._redactor))
        self._after_findings(report)
        self._not_judged(report)

    def _after_findings(self, report: Report) -> None:
        if not report.found:
            return
        self._line("")
        if len(report.found) > MOST_FINDINGS:
            self._line(f"{len(report.found) - MOST_FINDINGS:,} more findings are left to --report", "bold")
        self._line(f"streamcontract checks {report.findings[0].finding.id} explains a finding", "dim")

    def _baseline(self, report: Report) -> None:
        for title, entries, style in (
            ("Stale: in the baseline, and did not come again; take them out of it", report.stale, "bold red"),
            ("In the baseline, and not looked for by this run", report.uncertain, "dim"),
        ):
            if entries:
                self._line("")
                self._line(title, style)
                for entry in entries:
                    place = f" at {visible(self._redactor.text(entry.place))}" if entry.place else ""
                    self._line(f"{entry.id} ({visible(entry.operation)}){place}", indent=2)

    def _operations(self, report: Report) -> None:
        self._line("")
        for tally in report.tallies.values():
            self._line(f"{tally.operation}  {tally.method} {tally.path}", "bold")
            for line in (*_seen(tally), *_own_checks(tally)):
                self._line(self._redactor.text(line), indent=2)
            if tally.unknown:
                names = visible(self._redactor.text(str(tally.unknown)))
                self._line(f"events that the contract does not know: {names}", indent=2)
            if tally.not_reached:
                self._line(self._redactor.text(f"not reached: {tally.not_reached}"), "yellow", indent=2)

    def _finding(self, number: int, finding: ShownFinding) -> None:
        kind, style = ("violation", "bold red") if finding.is_violation else ("warning", "bold yellow")
        kind, style = (f"known {kind}", "dim") if finding.is_known else (kind, style)
        self._line("")
        self._line(f"{number}. {kind} {finding.id} · {finding.operation}", style)
        for line in (finding.message, *values(finding)):
            self._line(line, indent=3)
        if finding.location:
            self._line(f"the contract says so in {finding.location}", "dim", indent=3)
        for line in _evidence(finding):
            self._line(line, "dim" if line.startswith("#") else "", indent=3)

    def _not_judged(self, report: Report) -> None:
        lines = [
            f"{unsettled.id} ({tally.operation}): {visible(self._redactor.text(unsettled.reason))}"
            for tally in report.tallies.values()
            for unsettled in tally.unsettled.values()
        ]
        for title, texts in (
            ("Not judged on some streams", lines),
            ("Notes", [visible(self._redactor.text(note)) for note in report.notes]),
        ):
            if texts:
                self._line("")
                self._line(title, "bold")
                for text in texts:
                    self._line(text, indent=2)


class _Live:
    """A line of text that is asked for anew each time that it is drawn."""

    def __init__(self, text: Callable[[], str]) -> None:
        self._text = text

    def __rich__(self) -> Text:
        return Text(self._text(), no_wrap=True, overflow="ellipsis")


def _seen(tally: Tally) -> list[str]:
    """What was seen of an operation, a line for each kind of thing."""
    answers = [f"{status} ×{count}" for status, count in sorted(tally.statuses.items())]
    unanswered = tally.requests - tally.statuses.total()
    answers += [f"none ×{unanswered}"] if unanswered else []
    shown_answers = f" · answers {', '.join(answers)}" if answers else ""
    lines = [f"{_number(tally.requests, 'request')}{shown_answers}"]
    if tally.other_methods:
        lines[0] += f" · {tally.other_methods} more with other methods"
    if tally.stream is None or tally.transitions is None:
        return [*lines, *([f"not judged: {tally.not_judged}"] if tally.not_judged else [])]
    outcomes = ", ".join(f"{symbol} ×{count}" for symbol, count in sorted(tally.outcomes.items())) or "none"
    lines.append(f"{_number(tally.streams, 'stream')} · {_number(tally.events, 'event')} · outcomes: {outcomes}")
    missing = tally.transitions.missing
    named = "; ".join(missing[:MOST_MISSING]) + (
        f"; and {len(missing) - MOST_MISSING} more" * (len(missing) > MOST_MISSING)
    )
    seen = f"transitions: {len(tally.transitions.seen)} of {tally.transitions.total}"
    lines.append(f"{seen}; not seen: {named}" if missing else seen)
    if tally.not_judged:
        lines.append(f"not judged: {tally.not_judged}")
    elif tally.inconclusive_streams:
        lines.append(f"{_number(tally.inconclusive_streams, 'stream')} right as far as read, but not judged in full")
    return lines


def _own_checks(tally: Tally) -> Iterator[str]:
    """The checks that have sent requests themselves: how many there were, and why others were not tried."""
    if not tally.tried:
        return
    reasons: dict[str, list[str]] = defaultdict(list)
    for id_, reason in tally.tried.items():
        reasons[reason].append(id_)
    made = len(reasons.pop("", ()))
    if made:
        yield f"{_number(made, 'check')} made with {_number(tally.own_requests, 'request')} of their own"
    for reason, ids in reasons.items():
        yield f"not tried: {', '.join(ids)}: {reason}"


def _evidence(finding: ShownFinding) -> list[str]:
    lines = []
    if finding.commands:
        often = f"seen on {_number(finding.exchanges, 'exchange')}"
        which = "the smallest request that shows it" if finding.is_smallest else "a request that shows it"
        lines.append(f"# {often}; {which}:")
        lines += finding.commands
        if len(finding.commands) > 1:
            lines.append("# (each takes its values from the answer to the one before)")
    if finding.stretch is not None:
        lines.append(f"# the stream from byte {finding.stretch.offset}; the fault is at byte {finding.offset} (>):")
        lines += [
            f"{'>' if n == finding.stretch.fault else '|'} {line}" for n, line in enumerate(finding.stretch.lines)
        ]
    return lines


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
