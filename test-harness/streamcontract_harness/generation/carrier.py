"""Lets Schemathesis speak through the harness's transport: every request that it makes becomes a kept exchange.

This is how the harness's checks are plugged into a Schemathesis run. They see the whole stream with its arrival times
and how it ended, and nothing is registered in Schemathesis' registry of checks, which the whole process shares.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any
from urllib.parse import unquote

import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from schemathesis import Case
from schemathesis.core.transport import STREAM_CUT_SHORT_ATTRIBUTE, Response
from schemathesis.engine.recorder import ScenarioRecorder
from schemathesis.schemas import APIOperation
from schemathesis.transport.requests import REQUESTS_TRANSPORT, ManagedCookiesSession, RequestsTransport
from urllib3 import HTTPHeaderDict, HTTPResponse
from urllib3.exceptions import ReadTimeoutError

from streamcontract import Linked, Request
from streamcontract_harness.conversation import UnsendableError
from streamcontract_harness.exchange import Ending, Exchange, SentRequest
from streamcontract_harness.generation.memory import Memory
from streamcontract_harness.spoken import parsed, unreadable

__all__ = ["Carrier", "Origin", "Send", "operation_id", "recorded_request", "sent_request", "told_headers"]

Send = Callable[[SentRequest], Exchange]
"""Sends a request, judges the answer, and returns the exchange."""

REWRITTEN = frozenset({"content-length", "host", "connection", "transfer-encoding"})
"""Headers that the transport writes itself."""
ADDED = frozenset({"x-schemathesis-testcaseid", "user-agent", "accept-encoding"})
"""Headers that a case has unasked: a random mark, another's name, and codings that a stream must not have."""
USER_AGENT = "streamcontract-harness"
BOUNDARY = re.compile(r"(multipart/[^;]+;.*boundary=)([0-9a-f]{32})", re.IGNORECASE)
"""As urllib3 writes it: a random one for each request."""


def operation_id(case: Case[Any]) -> str:
    """The operation's id, as the contract has it: by method and path where it has no operationId."""
    operation = case.operation
    id_ = operation.definition.raw.get("operationId")
    return id_ if isinstance(id_, str) else f"{operation.method.upper()} {operation.path}"


def told_headers(operation: APIOperation[Any, Any, Any, Any]) -> dict[str, str]:
    """The headers that the run is told to send with requests of an operation."""
    headers: dict[str, str] = operation.schema.config.headers_for(operation=operation)
    return headers


def sent_request(case: Case[Any], prepared: requests.PreparedRequest) -> SentRequest:
    """What goes over the wire for a case, without what `requests` and Schemathesis add by themselves."""
    headers, body = _settled(tuple(_headers(case, prepared)), _bytes(prepared.body))
    names = {name.lower(): value for name, value in headers}
    view = Request(
        method=prepared.method or "",
        url=prepared.url or "",
        path={
            name: unquote(value) if isinstance(value, str) else value for name, value in case.path_parameters.items()
        },
        query=dict(case.query),
        headers=names,
        body=None if body is None else parsed(body, names.get("content-type", "")),
    )
    return SentRequest(operation_id(case), view.method, view.url, headers, body, view)


def recorded_request(recorder: ScenarioRecorder, case_ids: Sequence[str]) -> SentRequest | None:
    """What went over the wire for the last of these cases, and before it for the others; None when nothing is kept."""
    sent: list[SentRequest] = []
    for id_ in case_ids:
        interaction = recorder.interactions.get(id_)
        if interaction is None:
            continue
        prepared, kept = requests.PreparedRequest(), interaction.request
        prepared.method, prepared.url, prepared.body = kept.method, kept.uri, kept.body
        prepared.headers = CaseInsensitiveDict({name: values[0] for name, values in kept.headers.items()})
        sent.append(sent_request(recorder.cases[id_].value, prepared))
    return replace(sent[-1], before=tuple(sent[:-1])) if sent else None


def _headers(case: Case[Any], prepared: requests.PreparedRequest) -> Iterator[tuple[str, str]]:
    given = {str(name).lower() for name in (*(case.headers or {}), *told_headers(case.operation))}
    for name, value in prepared.headers.items():
        lower = name.lower()
        if lower in REWRITTEN or (lower in ADDED and lower not in given):
            continue
        yield name, value.decode("latin-1") if isinstance(value, bytes) else str(value)
    if "user-agent" not in given:
        yield "User-Agent", USER_AGENT


def _settled(
    headers: tuple[tuple[str, str], ...], body: bytes | None
) -> tuple[tuple[tuple[str, str], ...], bytes | None]:
    """Headers and body whose boundary, if they have one, hangs on nothing but the body."""
    match = next((BOUNDARY.fullmatch(value) for name, value in headers if name.lower() == "content-type"), None)
    if match is None or body is None or match[2].encode() not in body:
        return headers, body
    prefix, random = match.groups()
    settled = hashlib.sha256(body.replace(random.encode(), b"")).hexdigest()[:32]
    kept = ((name, value) if name.lower() != "content-type" else (name, prefix + settled) for name, value in headers)
    return tuple(kept), body.replace(random.encode(), settled.encode())


def _bytes(body: object) -> bytes | None:
    """`requests` has put the body into bytes or text by now; it streams only what is given as a file."""
    if body is None or isinstance(body, bytes):
        return body
    return body.encode() if isinstance(body, str) else b""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request comes from: what was sent before it, and the exchange whose link led to it."""

    before: tuple[SentRequest, ...] = ()
    linked: Linked | None = None


class Carrier(RequestsTransport):
    """Schemathesis' transport over `requests`, with the harness's in place of its sockets."""

    def __init__(self, send: Send) -> None:
        super().__init__()
        self._copy_serializers_from(REQUESTS_TRANSPORT)
        self._send = send
        self.memory = Memory()
        self._threads = threading.local()

    @contextmanager
    def coming_from(self, case: Case[Any], origin: Origin) -> Iterator[None]:
        """While the case is sent, where it comes from is known."""
        self._threads.origin = (case, origin)
        try:
            yield
        finally:
            self._threads.origin = None

    def send(self, case: Case[Any], *, session: requests.Session | None = None, **kwargs: Any) -> Response:
        """Send a case. Raises what `requests` raises when there is no whole answer."""
        own: _Session | None = getattr(self._threads, "session", None)
        if own is None:
            own = self._threads.session = _Session(self._send, self.memory)
        own.case, own.origin = case, Origin()
        known: tuple[Case[Any], Origin] | None = getattr(self._threads, "origin", None)
        if known is not None and known[0] is case:
            own.origin = known[1]
        own.headers.clear()
        own.headers.update(session.headers if session is not None else {})
        own.auth = session.auth if session is not None else None
        return super().send(case, session=own, **kwargs)


class _Session(ManagedCookiesSession):
    """A session whose requests all go one way; proxies and passwords of the environment are not used."""

    def __init__(self, send: Send, memory: Memory) -> None:
        super().__init__()
        self.trust_env = False
        self.case: Case[Any]
        self.origin = Origin()
        self._adapter = _Adapter(send, memory)

    def get_adapter(self, url: str | bytes) -> HTTPAdapter:
        self._adapter.case, self._adapter.origin = self.case, self.origin
        return self._adapter


class _Adapter(HTTPAdapter):
    """Where `requests` would open a connection."""

    def __init__(self, send: Send, memory: Memory) -> None:
        super().__init__()
        self._send = send
        self._memory = memory
        self.case: Case[Any]
        self.origin = Origin()

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        before = self.origin.before or self._memory.before(self.case)
        made = replace(sent_request(self.case, request), before=before, linked=self.origin.linked)
        try:
            exchange = self._send(made)
        except UnsendableError as error:
            raise requests.exceptions.InvalidHeader(str(error), request=request) from error
        self._memory.note(self.case, exchange)
        _raise_for_ending(exchange, request)
        response: requests.Response = self.build_response(request, _raw(exchange))
        if _is_stream(exchange):
            setattr(response, STREAM_CUT_SHORT_ATTRIBUTE, True)
        return response


def _is_stream(exchange: Exchange) -> bool:
    return exchange.media_type == "text/event-stream"


def _raise_for_ending(exchange: Exchange, request: requests.PreparedRequest) -> None:
    """Schemathesis judges whole answers, and streams of which enough has come."""
    said = exchange.detail or exchange.ending.value
    if exchange.ending is Ending.UNREACHABLE:
        raise requests.ConnectionError(said, request=request) from ConnectionRefusedError(said)
    if not exchange.answered and exchange.ending is Ending.TIME:
        seconds = f"{exchange.ended - exchange.started:.1f}"  # Schemathesis looks for it in urllib3's own words
        error = ReadTimeoutError(None, request.url or "", f"Read timed out. (read timeout={seconds})")  # type: ignore[arg-type]
        raise requests.ReadTimeout(error, request=request)
    if not exchange.answered:
        raise requests.ConnectionError(said, request=request)
    if not _is_stream(exchange) and (exchange.ending is not Ending.SERVER or (said := unreadable(exchange))):
        raise requests.exceptions.ChunkedEncodingError(said, request=request)


def _raw(exchange: Exchange) -> HTTPResponse:
    """The answer as urllib3 has it. The body is plain already: not chunked any more, and never to be unpacked.

    A stream has none here: the monitor has judged it, and Schemathesis would stumble over what it cannot read.
    """
    headers = HTTPHeaderDict()
    for name, value in exchange.headers:
        if name not in ("transfer-encoding", "content-encoding"):
            headers.add(name, value)
    return HTTPResponse(
        body=BytesIO(b"" if _is_stream(exchange) else exchange.body),
        headers=headers,
        status=exchange.status or 0,
        version=11,
        reason="",
        preload_content=False,
        decode_content=False,
    )
