"""The only module that opens sockets: one connection for each request, every chunk stamped as it is received.

Nothing that a server does raises here: refusal, silence, a reset, bytes that are no HTTP and answers without end all
become an `Exchange` whose `ending` says what happened. What is read is bounded in time, bytes, chunks and the size of
a head. Compressed answers are kept as they came. Redirects are answers like any other, unless `Limits.redirects` has
some followed: then the exchange is that with the last answer, and its request the one that was made first.
"""

from __future__ import annotations

import math
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, AsyncExitStack, contextmanager, suppress
from dataclasses import replace
from types import TracebackType
from typing import Self
from urllib.parse import SplitResult, urlsplit

import anyio
import anyio.from_thread
import anyio.to_thread
import h11
from anyio.abc import ByteStream, SocketStream
from anyio.streams.tls import TLSStream

from streamcontract_harness.conversation import Conversation, Limits, Listener, UnsendableError, innermost, said
from streamcontract_harness.exchange import Ending, Exchange, SentRequest
from streamcontract_harness.reading import Reading
from streamcontract_harness.redirects import onward

__all__ = ["Limits", "Listener", "Transport", "UnsendableError"]

NO_TLS = ("WRONG_VERSION_NUMBER", "PACKET_LENGTH_TOO_LONG", "HTTP_REQUEST", "RECORD_LAYER_FAILURE")
"""What OpenSSL says of bytes that are none of its protocol."""
SMALLEST_BUFFER = 4096
"""Bytes: the system makes of it the least that it has."""
NARROW_SECONDS = 5.0
"""Until a connection with such a buffer is there: it is made in a thread, which cannot be cancelled."""


Keep = Callable[[Exchange, Listener | None], None]


class Transport(AbstractContextManager["Transport"]):
    """Carries out exchanges, from any thread, until it is stopped; use it as a context manager."""

    def __init__(self, limits: Limits | None = None, *, until: float = math.inf, keep: Keep | None = None) -> None:
        """`until`: when all exchanges end, in seconds of the monotonic clock. `keep` is given each that is over."""
        self._until = until
        self._keep = keep
        self.limits = limits or Limits()
        self._portals = anyio.from_thread.start_blocking_portal()
        self._portal: anyio.from_thread.BlockingPortal
        self._scopes: set[anyio.CancelScope] = set()
        self._stopped = threading.Event()
        self._tls: ssl.SSLContext | None = None

    def __enter__(self) -> Self:
        self._portal = self._portals.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._portals.__exit__(kind, error, trace)

    def stop(self) -> None:
        """End what is under way, at once; later exchanges end before they begin. Safe in a signal handler."""
        self._stopped.set()
        with suppress(RuntimeError):  # the portal is closed: nothing is under way
            self._portal.start_task_soon(self._cancel)

    def exchange(
        self,
        request: SentRequest,
        listener: Listener | None = None,
        *,
        seconds: float | None = None,
        reading: Reading | None = None,
    ) -> Exchange:
        """Send a request and follow the answer to its end, for no longer than `seconds` if that is given.

        Raises UnsendableError, and nothing for what a server does.
        """
        return self.in_turn([(request, listener)], seconds=seconds, reading=reading)[0]

    def in_turn(
        self,
        asked: Sequence[tuple[SentRequest, Listener | None]],
        *,
        seconds: float | None = None,
        reading: Reading | None = None,
    ) -> list[Exchange]:
        """Send requests over one connection, each once the answer to the one before has ended.

        Fewer exchanges come back when the connection cannot be used further. All go to the server of the first.
        `seconds` bounds each. Raises UnsendableError.
        """
        exchanges: list[Exchange] = self._portal.call(self._in_turn, asked, seconds, reading)
        for exchange, (_, listener) in zip(exchanges, asked, strict=False):
            if self._keep is not None:
                self._keep(exchange, listener)
        return exchanges

    def reach(self, url: str) -> str:
        """Connect and leave again; what is in the way, or an empty string, as when the run ends before it is known."""
        obstacle: str = self._portal.call(self._reach, urlsplit(url))
        return obstacle

    async def _cancel(self) -> None:
        for scope in self._scopes:
            scope.cancel()

    async def _reach(self, url: SplitResult) -> str:
        if self._is_over():
            return ""
        with self._bounded(math.inf):
            try:
                await anyio.aclose_forcefully(await self._connect(url))
            except _NoConnectionError as error:
                return str(error)
            except _ResetError:
                pass  # somebody is there
        return ""

    async def _in_turn(
        self, asked: Sequence[tuple[SentRequest, Listener | None]], seconds: float | None, reading: Reading | None
    ) -> list[Exchange]:
        exchanges: list[Exchange] = []
        async with AsyncExitStack() as connections:
            stream: ByteStream | None = None
            http: h11.Connection | None = None
            for request, listener in asked:
                exchanges.append(Exchange(request, started=time.monotonic(), ending=Ending.STOPPED))
                if not self._is_over():
                    with self._bounded(self.limits.seconds if seconds is None else seconds) as scope:
                        for url in self._urls(exchanges):
                            sent = request if url == request.url else replace(request, sent_on=True)
                            exchanges[-1] = Exchange(sent, started=time.monotonic(), ending=Ending.TIME)
                            talk = Conversation(exchanges[-1], listener, scope, self.limits, reading, http)
                            stream, http = stream if http else await self._open(talk, connections), None
                            if stream is not None:
                                await talk.send(stream, urlsplit(url))
                                await talk.receive(stream)
                                http = talk.next_cycle()
                    if scope.cancelled_caught and self._is_over():
                        exchanges[-1].ending = Ending.STOPPED
                exchanges[-1].ended = time.monotonic()
                if http is None:
                    break
        return exchanges

    def _urls(self, exchanges: list[Exchange]) -> Iterator[str]:
        """Where the last one's request goes, and where its answers send it on to."""
        url = exchanges[-1].request.url
        yield url
        for _ in range(self.limits.redirects):
            target = onward(url, exchanges[-1])
            if target is None:
                return
            yield (url := target)

    def _is_over(self) -> bool:
        return self._stopped.is_set() or time.monotonic() >= self._until

    async def _secured(self, stream: ByteStream, host: str) -> ByteStream:
        self._tls = self._tls or ssl.create_default_context()
        try:
            return await TLSStream.wrap(stream, hostname=host, ssl_context=self._tls, standard_compatible=False)
        except BaseException:
            await anyio.aclose_forcefully(stream)
            raise

    @contextmanager
    def _bounded(self, seconds: float) -> Iterator[anyio.CancelScope]:
        with anyio.move_on_after(min(seconds, self._until - time.monotonic())) as scope:
            self._scopes.add(scope)
            try:
                yield scope
            finally:
                self._scopes.discard(scope)

    async def _open(self, talk: Conversation, connections: AsyncExitStack) -> ByteStream | None:
        try:
            stream = await self._connect(urlsplit(talk.exchange.request.url), narrow=bool(talk.reading.pause))
        except _NoConnectionError as error:
            talk.end(Ending.UNREACHABLE, str(error))
            return None
        except _ResetError as error:
            talk.end(Ending.CUT, str(error))
            return None
        connections.push_async_callback(_close, stream)
        return stream

    async def _connect(self, url: SplitResult, *, narrow: bool = False) -> ByteStream:
        secure = url.scheme == "https"
        host, port = url.hostname or "", url.port or (443 if secure else 80)
        try:
            with anyio.fail_after(self.limits.connect_seconds):
                stream = await (_narrow(host, port) if narrow else anyio.connect_tcp(host, port))
                return await self._secured(stream, host) if secure else stream
        except TimeoutError:
            reason = f"within {self.limits.connect_seconds:g} s"
        except ssl.SSLError as error:
            reason = f"({_tls_trouble(error)})"
        except OSError as error:
            if isinstance(innermost(error), ConnectionResetError):
                raise _ResetError(f"the connection was reset ({said(error)})") from error
            reason = f"({said(error)})"
        raise _NoConnectionError(f"no connection to {host}:{port} {reason}")


async def _narrow(host: str, port: int) -> SocketStream:
    """A connection whose window was small from the beginning: one that shrinks later drops what is on its way."""
    error = OSError(f"{host} has no address")
    for family, kind, _, _, address in await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        made = socket.socket(family, kind)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALLEST_BUFFER)
        made.settimeout(NARROW_SECONDS)
        try:
            await anyio.to_thread.run_sync(made.connect, address)
            return await SocketStream.from_socket(made)
        except OSError as failed:
            made.close()
            error = failed
    raise error


async def _close(stream: ByteStream) -> None:
    with anyio.CancelScope(shield=True):
        await anyio.aclose_forcefully(stream)


def _tls_trouble(error: ssl.SSLError) -> str:
    """What is wrong, without OpenSSL's line numbers, and what can be done about it."""
    if isinstance(error, ssl.SSLCertVerificationError):
        trust = "the file of authorities that are trusted can be named in SSL_CERT_FILE"
        return f"the server's certificate does not prove who it is: {error.verify_message}; {trust}"
    if error.reason in NO_TLS:
        return "what the server sent is no TLS; the URL may have to begin with http"
    return f"TLS failed: {(error.reason or said(error)).replace('_', ' ').lower()}"


class _NoConnectionError(Exception):
    """There is nothing to talk to."""


class _ResetError(Exception):
    """The server took the connection and reset it, so fast that it looks like a refusal."""
