"""Keeps each exchange of a run in files that people can read, and `streamcontract replay` too."""

from __future__ import annotations

import re
import threading
from pathlib import Path

from streamcontract import Linked, Request
from streamcontract.recording import (
    SUFFIX,
    Ended,
    RecordedChunk,
    RecordedLink,
    RecordedRequest,
    RecordedResponse,
    Recording,
)
from streamcontract.redaction import Redactor
from streamcontract_harness.conversation import Listener
from streamcontract_harness.exchange import Ending, Exchange
from streamcontract_harness.judge import StreamListener

__all__ = ["Recorder"]

MOST_BYTES = 512 * 2**20
"""Of all files together: what is behind that is not kept, and the run says so."""
UNSAFE = re.compile(r"[^A-Za-z0-9_.-]+")
LONGEST_NAME = 80
ENDED: dict[Ending, Ended] = {
    Ending.SERVER: "server",
    Ending.CUT: "cut",
    Ending.MALFORMED: "malformed",
    Ending.UNREACHABLE: "unreachable",
    Ending.ENOUGH: "enough",
    Ending.TIME: "time",
    Ending.SIZE: "size",
    Ending.LEFT: "left",
    Ending.STOPPED: "stopped",
}


class Recorder:
    """Writes into one directory, from any thread; what goes wrong with it ends no run."""

    def __init__(self, directory: Path, redactor: Redactor, most_bytes: int = MOST_BYTES) -> None:
        self._directory = directory
        self._redactor = redactor
        self._most = most_bytes
        self._lock = threading.Lock()
        self._written = 0
        self.kept = 0
        self._left_out = 0
        self._failure = ""

    @property
    def note(self) -> str:
        """What is to be known of the recordings."""
        said = f"{self.kept} exchanges are kept in {self._directory}, secrets left out of their requests and heads"
        said += ", the run's credentials masked in the bytes of the answers, which are else as they came"
        if not self._left_out:
            return said
        limit = f"all files are to have {self._most:,} bytes at most"
        reason = f"a file could not be written: {self._failure}" if self._failure else limit
        return f"{said}; {self._left_out} are not, as {reason}"

    def keep(self, exchange: Exchange, listener: Listener | None) -> None:
        """Keep one exchange that is over."""
        with self._lock:
            number = self.kept + self._left_out + 1
            name = f"{number:04}-{UNSAFE.sub('_', exchange.request.operation)[:LONGEST_NAME]}"
            body = f"{name}.{'sse' if _is_stream(listener) else 'body'}" if exchange.size else None
            data = self._redactor.masked(exchange.body)
            text = self._recording(exchange, listener, body, is_masked=data != exchange.chunks.data).text()
            self._written += len(text) + exchange.size
            if self._failure or self._written > self._most:
                self._left_out += 1
                return
            try:
                if body is not None:
                    _write(self._directory / body, data)
                _write(self._directory / f"{name}{SUFFIX}", text)
            except OSError as error:
                self._failure = error.strerror or str(error)
                self._left_out += 1
                return
            self.kept += 1

    def _recording(
        self, exchange: Exchange, listener: Listener | None, body: str | None, *, is_masked: bool
    ) -> Recording:
        shown, linked = self._request(exchange.request.view), exchange.request.linked
        link = None if linked is None else self._link(linked)
        head = self._response(exchange.status, exchange.headers) if exchange.status is not None else None
        is_whole = shown == _plain(exchange.request.view) and (head is None or head.headers == exchange.headers)
        if linked is not None and link is not None:
            is_whole = is_whole and (link.request, link.body) == (_plain(linked.request), linked.body)

        def ms(at: float) -> float:
            return max(0.0, round(exchange.milliseconds(at), 9))  # finer than what the monitor rounds to

        return Recording(
            operation=exchange.request.operation,
            request=shown,
            linked=link,
            redacted=is_masked or not is_whole,
            response=head,
            head_at=None if exchange.head_at is None else ms(exchange.head_at),
            stream=_is_stream(listener),
            body=body,
            chunks=tuple(RecordedChunk(ms(at), len(data)) for at, data in exchange.chunks),
            ending=ENDED[exchange.ending],
            detail=self._redactor.text(exchange.detail),
            ended_at=ms(exchange.ended),
            aside=listener.aside(exchange) if isinstance(listener, StreamListener) else "",
        )

    def _request(self, request: Request) -> RecordedRequest:
        redactor = self._redactor
        return RecordedRequest(
            request.method,
            redactor.url(request.url),
            redactor.json(dict(request.path)),
            {name: redactor.parameter(name, value) for name, value in request.query.items()},
            {name: redactor.header(name, value) for name, value in request.headers.items()},
            redactor.json(request.body),
        )

    def _response(self, status: int, headers: tuple[tuple[str, str], ...]) -> RecordedResponse:
        return RecordedResponse(status, tuple((name, self._redactor.header(name, value)) for name, value in headers))

    def _link(self, linked: Linked) -> RecordedLink:
        head = self._response(linked.response.status, tuple(linked.response.headers.items()))
        return RecordedLink(linked.operation, self._request(linked.request), head, self._redactor.json(linked.body))


def _is_stream(listener: Listener | None) -> bool:
    return isinstance(listener, StreamListener) and listener.monitor is not None


def _write(path: Path, data: bytes) -> None:
    """For nobody else to read, wherever the file is copied to. Raises OSError."""
    path.touch(mode=0o600, exist_ok=False)
    path.write_bytes(data)


def _plain(request: Request) -> RecordedRequest:
    return RecordedRequest(
        request.method, request.url, dict(request.path), dict(request.query), dict(request.headers), request.body
    )
