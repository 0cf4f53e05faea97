"""Exchanges that were kept, as the run had them, and what its checks say of each."""

from __future__ import annotations

import json

from streamcontract import Contract, Finding
from streamcontract.cli.replay_exchange import Checks
from streamcontract.recording import Recording
from streamcontract.redaction import HIDDEN
from streamcontract_harness.checks.catalogue import check_exchange
from streamcontract_harness.documented import documented
from streamcontract_harness.exchange import Ending, Exchange, SentRequest
from streamcontract_harness.recorder import ENDED

__all__ = ["as_body", "checks", "exchange_of"]

ENDINGS = {name: ending for ending, name in ENDED.items()}


def checks(contract: Contract) -> Checks:
    """The checks that look at one exchange, over what was kept of it."""
    spoken_of = documented(contract)

    def check(recording: Recording, body: bytes) -> tuple[Finding, ...] | None:
        known = spoken_of.get(recording.operation)
        if known is None or known.operation.method != recording.request.method:
            return None
        exchange = exchange_of(recording, body)
        if exchange.ending is Ending.STOPPED:
            return None
        return tuple(found for found in check_exchange(exchange, known) if not _is_of_a_secret(found, exchange))

    return check


def _is_of_a_secret(finding: Finding, exchange: Exchange) -> bool:
    """Whether it is about the value of a header that was left out of the recording."""
    return finding.id == "http.invalid-header" and HIDDEN in exchange.header_map().get(finding.place, "")


def exchange_of(recording: Recording, body: bytes) -> Exchange:
    """The exchange as it was. Times are seconds after the request."""
    request, head = recording.request.view(), recording.response
    data = None if request.body is None else as_body(request.body)
    sent = SentRequest(
        recording.operation, request.method, request.url, tuple(request.headers.items()), data, request
    )  # fmt: skip
    exchange = Exchange(sent, ended=recording.ended_at / 1000, ending=ENDINGS[recording.ending])
    exchange.detail = recording.detail
    exchange.head_at = None if recording.head_at is None else recording.head_at / 1000
    if head is not None:
        exchange.status, exchange.headers = head.status, head.headers
    begin = 0
    for chunk in recording.chunks:
        exchange.chunks.add(chunk.at / 1000, body[begin : begin + chunk.size])
        begin += chunk.size
    return exchange


def as_body(body: object) -> bytes:
    """The body of a request that is known as JSON."""
    return (body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)).encode(errors="backslashreplace")
