"""The harness's reports for `streamcontract replay`: recorded streams as a run that has seen nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from streamcontract import Request, Unsettled
from streamcontract.cli.replay_report import Replayed, redactor_of, source_of, verdict_of
from streamcontract.contract.problems import Severity
from streamcontract_harness.exchange import Ending, Exchange, SentRequest
from streamcontract_harness.judge import Judgement, count
from streamcontract_harness.reporters.kinds import WRITERS
from streamcontract_harness.results import Report, Reported, Stretch

__all__ = ["html", "junit", "markdown", "report_of", "sarif"]

OF_TIME = ("timing.first-event", "timing.silence", "timing.total")


def report_of(streams: Sequence[Replayed]) -> Report:
    """The report of a run in which these streams were seen, and nothing else."""
    contract = streams[0].contract
    names = dict.fromkeys(one.monitor.stream.operation for one in streams)
    report = Report.of(contract, source_of(streams), 0, [contract.operations[name] for name in names])
    report.contract = streams[0].contract_file
    report.replayed = verdict_of(streams)
    report.notes += [str(problem) for problem in contract.problems if problem.severity is Severity.WARNING]
    for one in streams:
        _add(report, one)
    return report


def _add(report: Report, replayed: Replayed) -> None:
    monitor, exchange = replayed.monitor, _exchange(replayed)
    tally = report.tallies[monitor.stream.operation]
    count(tally, Judgement(exchange, tuple(monitor.findings), monitor))
    for id_ in () if replayed.arrivals else OF_TIME:
        tally.unsettled.setdefault(id_, Unsettled(id_, "the recording has no arrival times"))
    report.kept.take(exchange, monitor, monitor.findings)
    asked = exchange.request if replayed.request is not None and replayed.request.url else None
    for finding in monitor.findings:
        stretch = Stretch.around(exchange, finding.offset) if finding.offset is not None else None
        report.add(Reported(finding, asked, stretch))


def _exchange(replayed: Replayed) -> Exchange:
    """Times are seconds after the request; the method is the operation's, whatever the recording says."""
    stream, request = replayed.monitor.stream, replayed.request or Request()
    operation = replayed.contract.operations[stream.operation]
    body = None if request.body is None else _body(request.body)
    sent = SentRequest(operation.id, operation.method, request.url, tuple(request.headers.items()), body, request)
    head = replayed.response
    status = head.status if head is not None else int(stream.status) if stream.status.isdigit() else 200
    exchange = Exchange(
        sent, 0.0, status, tuple(head.headers.items()) if head is not None else (), ending=Ending.SERVER
    )
    for at, data in _chunks(replayed):
        exchange.chunks.add(at, data)
        exchange.ended = at
    return exchange


def _chunks(replayed: Replayed) -> Iterator[tuple[float, bytes]]:
    begin = 0
    for at, end in replayed.arrivals or ((0.0, len(replayed.recorded)),):
        yield at, replayed.recorded[begin:end]
        begin = end


def _body(body: object) -> bytes:
    return (body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)).encode(errors="backslashreplace")


def _write(kind: str, streams: Sequence[Replayed], path: Path) -> None:
    WRITERS[kind](report_of(streams), redactor_of(streams), path, False)


html = partial(_write, "html")
junit = partial(_write, "junit")
markdown = partial(_write, "markdown")
sarif = partial(_write, "sarif")
