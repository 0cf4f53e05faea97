"""A request that the contract refuses is answered with 200, and with the error only as an event.

Requirement: http.late-refusal (SHOULD).
Why it matters: 200 says that the request has succeeded. Clients, proxies and monitoring go by it: the failure is
counted as a success, and a client that reconnects by itself asks again and again for what it will never get.
What to do: check the request before the head is sent, which means before the generator is handed to the framework;
only what fails later is an event.
Right: a request without a required property is answered with 400 or 422, as the contract documents, before any event.
Wrong: `200 OK`, and a stream whose only event says that the request was wrong.
Not wrong: a server whose streams fail now and then, or all of them, whatever is asked; JSON-RPC, which has its errors
in the answer and not in the status. No standard says which requests have to be refused: hence a warning.
Found by: leaving out what the contract requires. Where nothing but a failure comes, both that request and a right one
are sent several times more: the one has to fail each time, the other never.
Spec: RFC 9110, section 15.3.1, https://www.rfc-editor.org/rfc/rfc9110#section-15.3.1
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import msgspec

from streamcontract import Level
from streamcontract_harness.bench import Bench, NotTriedError
from streamcontract_harness.exchange import SentRequest
from streamcontract_harness.judge import Judgement
from streamcontract_harness.received import events_of
from streamcontract_harness.refusable import refusable
from streamcontract_harness.results import Reported

__all__ = ["probe"]

MOST = 4
"""Requests that are tried: what is wrong with one is mostly wrong with all."""
AGAIN = (True, False, False, True, False)
"""What is sent once one has failed: again the one that is to be refused (True), or a right one. Streams that fail every
second or third time do not fail in this order."""


def probe(bench: Bench) -> Iterator[Reported]:
    documented = sorted(status for status in bench.documented.responses if status.startswith("4"))
    failures = bench.stream.interrupted_by.union(bench.stream.outcome.failure)
    if not documented:
        raise NotTriedError("the contract documents no answer that refuses a request (4xx)")
    if not failures:
        raise NotTriedError("the contract names no event that tells a failure")
    requests = list(islice(refusable(bench.contract, bench.operation, bench.fresh()), MOST))
    if not requests:
        raise NotTriedError("the contract requires nothing that could be left out")
    if _only_failure(bench, bench.good, failures):
        raise NotTriedError("no stream without a failure was seen")
    for left_out, request in requests:
        judgement = bench.read(request)
        failure = _only_failure(bench, judgement, failures)
        if failure:
            if not _is_refused(bench, request, failures):
                raise NotTriedError("streams fail now and then, so that it cannot be told what they fail for")
            status = judgement.exchange.status
            yield bench.fault(
                "http.late-refusal", judgement.exchange,
                f"a request without {left_out}, which the contract requires, was answered with {status} and a stream "
                f"that says nothing but {failure!r}",
                expected=f"a refusal before the stream ({', '.join(documented)})", got=f"{status}, then {failure}",
                level=Level.SHOULD, offset=0,
            )  # fmt: skip
            return


def _is_refused(bench: Bench, request: SentRequest, failures: frozenset[str]) -> bool:
    """Whether it is this request that fails, and not the server."""
    for is_refusable in AGAIN:
        judgement = bench.read(request if is_refusable else bench.fresh())
        if bool(_only_failure(bench, judgement, failures)) is not is_refusable:
            return False
    return True


def _only_failure(bench: Bench, judgement: Judgement, failures: frozenset[str]) -> str:
    """The event that tells the failure, where all events of the stream that the contract knows do (none JSON-RPC)."""
    if judgement.monitor is None:
        return ""
    classify = bench.stream.classifier.classify
    events = events_of(judgement.exchange)
    if any(_is_json_rpc(event.data) for event in events):
        return ""
    found = [classify(event.event, event.data, event.id, event.retry) for event in events]
    symbols = [classified.symbol for classified in found if classified.symbol or classified.faults]
    return symbols[0] or "" if symbols and all(symbol in failures for symbol in symbols) else ""


def _is_json_rpc(data: str) -> bool:
    try:
        value = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError):
        return False
    return isinstance(value, dict) and "jsonrpc" in value
