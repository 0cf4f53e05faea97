"""The harness's reports for `streamcontract replay`: recorded exchanges as a run that has seen nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from streamcontract import Request, Unsettled
from streamcontract.cli.replay_report import Replayed, redactor_of, source_of, verdict_of
from streamcontract_harness.exchange import Ending, Exchange, SentRequest
from streamcontract_harness.judge import Judgement, count
from streamcontract_harness.recorded import as_body, exchange_of
from streamcontract_harness.reporters.kinds import WRITERS
from streamcontract_harness.results import Report, Reported, Stretch

__all__ = ["html", "json", "junit", "markdown", "report_of", "sarif"]

OF_TIME = ("timing.first-event", "timing.silence", "timing.total")


def report_of(exchanges: Sequence[Replayed]) -> Report:
    """The report of a run in which these were seen, and nothing else."""
    contract = exchanges[0].contract
    names = dict.fromkeys(one.operation for one in exchanges)
    report = Report.of(contract, source_of(exchanges), 0, [contract.operations[name] for name in names])
    report.contract = exchanges[0].contract_file
    report.replayed = verdict_of(exchanges)
    for one in exchanges:
        _add(report, one)
    return report


def _add(report: Report, replayed: Replayed) -> None:
    recording, monitor = replayed.recording, replayed.monitor
    exchange = _of_a_body(replayed) if recording is None else exchange_of(recording, replayed.recorded)
    tally = report.tallies[replayed.operation]
    count(tally, Judgement(exchange, replayed.findings, monitor))
    for id_ in OF_TIME if recording is None else ():
        tally.unsettled.setdefault(id_, Unsettled(id_, "the recording has no arrival times"))
    if monitor is not None:
        report.kept.take(exchange, monitor, replayed.findings)
    asked = exchange.request if exchange.request.url else None
    for finding in replayed.findings:
        has_place = finding.offset is not None and exchange.size
        report.add(Reported(finding, asked, Stretch.around(exchange, finding.offset or 0) if has_place else None))


def _of_a_body(replayed: Replayed) -> Exchange:
    """The exchange of a body whose times are not known; the method is the operation's, whatever the request says."""
    request, head = replayed.request or Request(), replayed.response
    operation = replayed.contract.operations[replayed.operation]
    body = None if request.body is None else as_body(request.body)
    sent = SentRequest(operation.id, operation.method, request.url, tuple(request.headers.items()), body, request)
    expected = operation.stream.status if operation.stream else ""
    status = head.status if head is not None else int(expected) if expected.isdigit() else 200
    headers = tuple(head.headers.items()) if head is not None else ()
    exchange = Exchange(sent, 0.0, status, headers, ending=Ending.SERVER)
    exchange.chunks.add(0.0, replayed.recorded)
    return exchange


def _write(kind: str, exchanges: Sequence[Replayed], path: Path) -> None:
    WRITERS[kind](report_of(exchanges), redactor_of(exchanges), path, False)


html = partial(_write, "html")
json = partial(_write, "json")
junit = partial(_write, "junit")
markdown = partial(_write, "markdown")
sarif = partial(_write, "sarif")
