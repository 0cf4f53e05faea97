"""The harness's reports for `streamcontract replay`: a recorded stream as a run of one exchange."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from streamcontract import Request, Unsettled
from streamcontract.cli.replay_report import Replayed
from streamcontract.contract.problems import Severity
from streamcontract_harness.exchange import Ending, Exchange, SentRequest
from streamcontract_harness.judge import Judgement, count
from streamcontract_harness.reporters.kinds import WRITERS
from streamcontract_harness.results import Report, Reported, Stretch

__all__ = ["html", "junit", "markdown", "report_of", "sarif"]

OF_TIME = ("timing.first-event", "timing.silence", "timing.total")


def report_of(replayed: Replayed) -> Report:
    """The report of a run in which this one stream was seen."""
    monitor = replayed.monitor
    operation = replayed.contract.operations[monitor.stream.operation]
    report = Report.of(replayed.contract, replayed.source, 0, [operation])
    report.contract = replayed.contract_file
    report.notes += [str(problem) for problem in replayed.contract.problems if problem.severity is Severity.WARNING]
    report.is_replay = True
    exchange = _exchange(replayed)
    tally = report.tallies[operation.id]
    count(tally, Judgement(exchange, tuple(monitor.findings), monitor))
    for id_ in () if replayed.arrivals else OF_TIME:
        tally.unsettled.setdefault(id_, Unsettled(id_, "the recording has no arrival times"))
    if replayed.arrivals:  # without them, a picture of the stream over time would be made up
        report.kept.take(exchange, monitor, monitor.findings)
    asked = exchange.request if replayed.request is not None and replayed.request.url else None
    for finding in monitor.findings:
        stretch = Stretch.around(exchange, finding.offset) if finding.offset is not None else None
        report.add(Reported(finding, asked, stretch))
    return report


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


def _write(kind: str, replayed: Replayed, path: Path) -> None:
    WRITERS[kind](report_of(replayed), replayed.redactor(), path, False)


html = partial(_write, "html")
junit = partial(_write, "junit")
markdown = partial(_write, "markdown")
sarif = partial(_write, "sarif")
