"""Holds a response that a test already has to its contract: of httpx, requests, or Starlette's TestClient.

None of them is imported: what is needed of a response is what they have in common.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from streamcontract import Contract, Finding, Level
from streamcontract.redaction import Redactor, credential_names
from streamcontract_harness.asked import request_of
from streamcontract_harness.exchange import Ending, Exchange, SentRequest
from streamcontract_harness.judge import Judge, Judgement, StreamListener
from streamcontract_harness.reporters.shown import details, shown
from streamcontract_harness.results import Reported, Stretch

__all__ = ["assert_conforms", "judged"]

SECONDS = 30.0
LARGEST = 64 * 2**20
"""How long, and how many bytes of, a response are read that is still open."""


def assert_conforms(
    response: Any,
    contract: Contract,
    *,
    operation: str | None = None,
    strict: bool = False,
    ignore: Sequence[str] = (),
    started: float | None = None,
) -> Judgement:
    """Raise AssertionError, with all that is wrong, unless a response keeps its contract.

    `strict` makes warnings fail, too; `ignore` are beginnings of finding ids. For the rest, see `judged`.
    """
    __tracebackhide__ = True  # pytest shows the caller's line
    judgement = judged(response, contract, operation=operation, started=started)
    failing = [
        finding
        for finding in judgement.findings
        if (strict or finding.level is Level.MUST) and not finding.id.startswith(tuple(ignore))
    ]
    if failing:
        raise AssertionError(_text(failing, judgement.exchange, contract))
    return judgement


def judged(
    response: Any, contract: Contract, *, operation: str | None = None, started: float | None = None
) -> Judgement:
    """What the harness finds in a response.

    One that is still open is read to its end, and its events' arrival is held to `timing`, if it comes from a network;
    `started` is `time.monotonic()` when the request was sent. Of one that was read before, times are not known.
    Without `operation`, it is found by the request's method and path.

    Raises ValueError when there is no such operation, TypeError for what is no such response.
    """
    request = request_of(response, contract, operation)
    judge = Judge(contract)
    body = _body(response)
    begin = (time.monotonic() if started is None else started) if body.timed else 0.0
    exchange = Exchange(request, begin, _status(response), _headers(response, request), begin, ending=Ending.SERVER)
    listener = judge.listener(request)
    listener.head(exchange)
    _read(response, body, exchange, listener)
    judgement = judge.judge(exchange, listener)
    if body.timed:
        return judgement
    told = judgement.monitor.findings if judgement.monitor else ()
    kept = (finding for finding in judgement.findings if finding in told or not finding.id.startswith("timing."))
    return Judgement(exchange, tuple(kept), judgement.monitor)


@dataclass(frozen=True, slots=True)
class _Body:
    """The body in parts, and whether they come as they arrive over a network."""

    parts: Iterator[bytes]
    timed: bool


def _body(response: Any) -> _Body:
    """Raises ValueError for a body that is gone."""
    if getattr(response, "is_stream_consumed", None) is False:  # httpx, still open
        timed = "network_stream" in getattr(response, "extensions", {})  # TestClient has all of it before it answers
        return _Body(response.iter_bytes(), timed)
    if getattr(response, "_content_consumed", None) is False:  # requests, still open
        return _Body(response.iter_content(None), timed=True)
    try:
        content = response.content
    except AttributeError:
        raise TypeError(f"{type(response).__name__} is no response: it has no `content`") from None
    except Exception as error:  # httpx.ResponseNotRead
        raise ValueError(f"the body was read by somebody else, and not kept: {error}") from None
    return _Body(iter([bytes(content)]), timed=False)


def _read(response: Any, body: _Body, exchange: Exchange, listener: StreamListener) -> None:
    said_all = False
    try:
        for part in body.parts:
            at = time.monotonic() if body.timed else 0.0
            exchange.chunks.add(at, part)
            if body.timed:
                said_all = listener.chunk(at, part)
            elif listener.monitor is not None:
                listener.monitor.feed(part)
            if body.timed and at - exchange.started > SECONDS:
                exchange.ending = Ending.TIME
                break
            if exchange.size > LARGEST:
                exchange.ending = Ending.SIZE
                break
    except RuntimeError as error:  # httpx: "Attempted to call an sync iterator on an async stream."
        raise TypeError(
            f"the response cannot be read; of an AsyncClient, `await response.aread()` first: {error}"
        ) from None
    except Exception as error:  # each library has its own
        gave_up = "Timeout" in type(error).__name__
        exchange.ending = Ending.CUT if not gave_up else Ending.ENOUGH if said_all else Ending.TIME
        exchange.detail = f"{type(error).__name__}: {error}"
    if exchange.ending is not Ending.SERVER:
        response.close()
    exchange.ended = time.monotonic() if body.timed else 0.0


def _status(response: Any) -> int:
    status = getattr(response, "status_code", None)
    if not isinstance(status, int):
        raise TypeError(f"{type(response).__name__} is no response: it has no `status_code`")
    return status


def _headers(response: Any, request: SentRequest) -> tuple[tuple[str, str], ...]:
    """As they came, but for the coding that the client has undone, when it had asked for it."""
    headers = response.headers
    pairs = headers.multi_items() if hasattr(headers, "multi_items") else headers.items()
    asked = (request.header("accept-encoding") or "identity").strip().lower() != "identity"
    undone = ("content-encoding", "content-length") if asked and "content-encoding" in headers else ()
    return tuple((name.lower(), value) for name, value in pairs if name.lower() not in undone)


def _text(failing: Sequence[Finding], exchange: Exchange, contract: Contract) -> str:
    redactor = Redactor(exchange.request.headers, credential_names(contract))
    request = exchange.request
    count = f"{len(failing)} finding{'s' * (len(failing) != 1)}"
    lines = [f"{count}: the answer to {request.method} {request.operation} does not keep {contract.document.path}"]
    for finding in failing:
        at_byte = finding.offset is not None and exchange.size
        stretch = Stretch.around(exchange, finding.offset or 0) if at_byte else None
        lines.append(details(shown(Reported(finding, request, stretch), redactor)))
    return "\n\n".join(lines)
