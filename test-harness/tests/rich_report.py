"""A report with everything in it that a server can do to a reader, and a secret wherever one can be."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from small_contracts import contract_of, tasks

from streamcontract import Finding, Level, Location, Request, Unsettled
from streamcontract.redaction import Redactor
from streamcontract_harness.baseline import KnownFinding
from streamcontract_harness.checks.catalogue import Kind, of_kind
from streamcontract_harness.exchange import SentRequest
from streamcontract_harness.options import Options
from streamcontract_harness.results import Report, Reported, Stretch

__all__ = ["ATTACKS", "REDACTOR", "SECRET", "SECRETS", "finding", "many", "rich_report", "with_secrets"]

SECRET = "s3cret-value"
BY_NAME = "an0ther-0ne"
SECRETS = (SECRET, BY_NAME, "very-very-secret-cookie")
REDACTOR = Redactor([("Authorization", f"Bearer {SECRET}"), ("Cookie", f"session={SECRETS[2]}")])
STREAM = b"event: token\r\ndata: {}\r\rdata: s3cret-value\n\xff\x1b[2Jevent: end\n"
ATTACKS = (
    "\x1b]0;gotcha\x07",  # a terminal's title
    "\n::error file=x::gotcha",
    " ##[error]gotcha",
    "<script>alert(1)</script><!--",
    "]]></failure>&lol;",
    "[click](https://evil.example/) ![p](https://evil.example/p.png)",
    "``` \n# gotcha\n| a | b |\n|---|---|\n",
    "@everyone https://evil.example www.evil.example",
    "[[ATTACHMENT|/etc/passwd]]",
    "\ud800\x00\ufffe\u202e",
    "{0} %0A%25",
)
"""Texts of a server that would do something in one of the formats."""


def finding(id_: str, level: Level = Level.MUST, **facts: object) -> Finding:
    """A finding of the streaming operation."""
    return Finding(**{"id": id_, "level": level, "operation": "streamTask", "message": "wrong", **facts})  # type: ignore[arg-type]


def rich_report(folder: Path) -> Report:
    """Three operations: one with a violation and what shows it, one with a warning, one that was not reached."""
    contract = contract_of(tasks(), folder)
    report = Report.of(contract, "http://h/a?api_key=k", 7, list(contract.operations.values()))
    report.options = Options("http://h/a", 7)
    headers = (("Authorization", f"Bearer {SECRET}"),)
    sent = SentRequest("streamTask", "GET", "http://h/tasks/1/stream", headers, None, Request())
    violation = finding(
        "rule.counts-up",
        message=f"event 2 (token): \x1b]0;gotcha\x07 {SECRET} [bold]<&>",
        expected="1",
        got="\x00",
        event_index=1,
        offset=24,
        at_ms=1.5,
        location=Location(contract.document.path, 3, 4),
    )
    report.add(Reported(violation, sent, Stretch(0, STREAM, 24), shrunk=True))
    warning = finding("api.positive_data_acceptance", Level.SHOULD, operation="createTask", message="refused")
    report.add(Reported(warning, SentRequest("createTask", "POST", "http://h/tasks", (), None, Request())))
    report.add(Reported(warning))
    tally = report.tallies["streamTask"]
    tally.requests, tally.streams, tally.events, tally.right_streams, tally.finished_streams = 4, 3, 12, 2, 2
    tally.outcomes["end"] = 3
    tally.statuses.update({200: 3, 404: 1})
    tally.unknown.add("mes\x1bsage", 8)
    tally.unknown.add(SECRET)
    tally.unsettled["rule.x"] = Unsettled("rule.x", "an event was lost")
    tally.own_requests = 5
    tally.tried.update({check.id: "" for check in of_kind(Kind.PROBE)})
    tally.tried["life.two-readers"] = f"no stream without a fault was seen {SECRET}"
    report.tallies["getTask"].not_reached = "the run was stopped"
    report.tallies["createTask"].requests = 9
    report.tallies["createTask"].statuses[201] = 9
    report.notes.append(f"about {SECRET}")
    report.seconds = 1.25
    return report


def with_secrets(report: Report) -> Report:
    """The report with secrets in all that a server, or a request, can put them into, and an attack beside each."""
    url = f"http://h/tasks/1/stream?api_key={BY_NAME}&q=1"
    headers = (("Authorization", f"Bearer {SECRET}"), ("Cookie", f"session={SECRETS[2]}"), ("X-Api-Key", BY_NAME))
    body = f'{{"password": "{BY_NAME}", "text": "{SECRET}"}}'.encode()
    json = SentRequest("createTask", "POST", url, (*headers, ("content-type", "application/json")), body, Request())
    form = SentRequest("createTask", "POST", url, headers, f"client_secret={BY_NAME}&a=1".encode(), Request(), (json,))
    data = f'data: {{"access_token": "{BY_NAME}", "session": "{SECRETS[2]}"}}\n\n'.encode()
    for number, text in enumerate(_texts()):
        told = finding(
            f"rule.r{number}",
            message=text,
            expected=text,
            got=text,
            place=text,
            offset=9,
            location=Location(report.contract, 1 + number, 1),
        )
        report.add(Reported(told, form, Stretch(0, data + text.encode(errors="surrogatepass"), 9)))
        report.notes.append(text)
        report.tallies["streamTask"].unsettled[f"rule.u{number}"] = Unsettled(f"rule.u{number}", text)
        report.tallies["streamTask"].unknown.add(f"{text[:20]} {SECRET}")
        report.stale.append(KnownFinding("streamTask", f"rule.s{number}", "must", text))
    report.tallies["getTask"].not_reached = _texts()[0]
    report.cut_short = report.untestable = _texts()[0]
    return report


def many(report: Report, count: int, texts: Iterable[str] = ("wrong",)) -> Report:
    """The report with so many violations more."""
    texts = list(texts)
    for number in range(count):
        facts = {"place": f"/{number}", "message": texts[number % len(texts)] * 20}
        report.add(Reported(finding("schema.payload", **facts), stretch=Stretch(0, STREAM * 4, 24)))
    return report


def _texts() -> list[str]:
    return [f'{attack} {SECRET} {{"password": "{BY_NAME}"}}' for attack in ATTACKS]
