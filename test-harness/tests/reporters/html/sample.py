"""Reports to be shown: of a contract with everything in it that a page draws, and with as many findings as wanted."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from small_contracts import contract_of, events, field_event, with_plain_operation

from streamcontract import Contract, Finding, Level, Location, Request, Response
from streamcontract_harness.checks.catalogue import Kind, of_kind
from streamcontract_harness.exchange import Ending, Exchange, SentRequest
from streamcontract_harness.judge import Judge, count
from streamcontract_harness.options import Options
from streamcontract_harness.results import Report, Reported, Stretch

__all__ = ["HOSTILE", "SECRET", "contract", "read_stream", "sample"]

SECRET = "s3cret-value"
HOSTILE = "</script><img src=x onerror=alert(1)>\u202e\x1b[2J{{ 7*7 }}"
LANGUAGE = {
    "sequence": "meta (block+ | refusal) (usage & cost?) done",
    "where": {"block": "block_start delta* block_stop"},
    "anywhere": ["ping"],
    "interruptedBy": ["error"],
    "outcome": {"success": ["done"], "failure": ["error"]},
    "timing": {"silenceMs": 1000},
    "slices": [
        {
            "id": "blocks",
            "by": "data.index",
            "events": ["block_start", "delta", "block_stop"],
            "sequence": "block_start delta* block_stop",
        }
    ],
    "rules": [{"id": "delta-has-text", "at": "delta", "assert": "size(data.text) > 0"}],
}
NAMES = ("meta", "refusal", "usage", "cost", "done", "ping", "error")
Arriving = Iterable[tuple[float, bytes]]


def contract(folder: Path) -> Contract:
    """The ticker, a plain operation, and `POST /chat`, whose stream has blocks, usage and all that a sequence may."""
    tree = with_plain_operation()
    blocks = [field_event(name, index="integer") for name in ("block_start", "block_stop")]
    others = [field_event(name) for name in NAMES]
    answer = events(LANGUAGE, *others, *blocks, field_event("delta", index="integer", text="string"))
    body = {"content": {"application/json": {"schema": {"type": "object"}, "example": {"n": 1}}}}
    tree["paths"]["/chat"] = {"post": {"operationId": "chat", "requestBody": body, "responses": {"200": answer}}}
    return contract_of(tree, folder)


def chat(*, late: float = 0.0, secret: str = "", deltas: int = 6) -> Arriving:
    """A right stream of the chat, which is silent for so many seconds in its middle."""
    at = 100.12
    yield at, _event("meta")
    yield at, _event("block_start", index=0)
    for n in range(deltas):
        at += 0.04 + (late if n == deltas // 2 else 0.0)
        yield at, (b": still here\n\n" if n == 1 else b"") + _event("delta", index=0, text=f"word {n}", api_key=secret)
    yield at + 0.05, _event("block_stop", index=0)
    yield at + 0.2, _event("usage")
    yield at + 0.21, _event("done")


def _event(name: str, **data: object) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()


def read_stream(report: Report, contract: Contract, operation: str, arriving: Arriving) -> Exchange:
    """Judge a stream as if it had come so, and add it to the report. Requests are sent at second 100."""
    tally = report.tallies[operation]
    stream = contract.stream(operation)
    sent = SentRequest(
        operation, tally.method, f"http://h{tally.path}?api_key={SECRET}",
        (("Authorization", f"Bearer {SECRET}"), ("Content-Type", "application/json")), b'{"n": 1}', Request(),
    )  # fmt: skip
    exchange = Exchange(sent, 100.0, 200, (("content-type", stream.media_type),), 100.1, ending=Ending.SERVER)
    judge = Judge(contract)
    listener = judge.listener(sent)
    listener.monitor = stream.monitor(Request(), Response(200, {}), started=100.0)
    for at, data in arriving:
        exchange.chunks.add(at, data)
        listener.chunk(at, data)
        exchange.ended = at + 0.01
    judgement = judge.judge(exchange, listener)
    count(tally, judgement)
    assert judgement.monitor is not None
    report.kept.take(exchange, judgement.monitor, judgement.findings)
    for finding in judgement.findings:
        stretch = Stretch.around(exchange, finding.offset) if finding.offset is not None else None
        report.add(Reported(finding, sent, stretch))
    return exchange


def sample(folder: Path, findings: int) -> Report:
    """A report with so many findings; from one on, the server's texts are hostile, and its streams late."""
    loaded = contract(folder)
    headers = (("Authorization", f"Bearer {SECRET}"),)
    report = Report.of(loaded, f"http://h/api?api_key={SECRET}", 7, list(loaded.operations.values()))
    report.options = Options(report.url, 7, headers=headers)
    report.began, report.seconds = 1_795_000_000.0, 12.5
    for tally in report.tallies.values():
        if tally.stream is not None:
            tally.tried.update({check.id: "" for check in of_kind(Kind.PROBE)})
        else:
            tally.requests, tally.statuses[200] = 4, 4
    ticks = [(100.0 + 0.01 * n, _event("tick", n=n)) for n in range(30)]
    read_stream(report, loaded, "watch", [*ticks, (100.4, _event("done", ticks=30))])
    read_stream(report, loaded, "chat", chat())
    if findings:
        report.tallies["watch"].tried["life.two-readers"] = "the calls did not lead there again"
        exchange = read_stream(report, loaded, "chat", chat(late=2.4, secret=SECRET))  # one finding: the silence
        _add(report, exchange, findings - len(report.found))
    return report


def _add(report: Report, exchange: Exchange, more: int) -> None:
    """Findings of all kinds, each with its bytes and request."""
    ids = ("schema.payload", "rule.delta-has-text", "http.charset", "wire.cut", "api.status_code_conformance")
    for n in range(more):
        finding = Finding(
            id=ids[n % len(ids)],
            level=Level.SHOULD if n % 7 == 3 else Level.MUST,
            operation=("chat", "watch", "number")[n % 3],
            message=f"event {n}: the payload is {HOSTILE}",
            expected=f"a number, not {HOSTILE}",
            got=HOSTILE,
            event_index=n % 12,
            offset=n % 300,
            at_ms=3.5 * n,
            place=f"/{n}",
            location=Location("contract.yaml", n + 1, 3),
        )
        report.add(Reported(finding, exchange.request, Stretch.around(exchange, n % 300), shrunk=n % 2 == 0))
