"""Runs an application by uvicorn, as the command line does."""

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from typing import Any

import anyio
import uvicorn

from streamcontract.server.app import Application
from streamcontract.server.lingering import Lingering
from streamcontract.server.logs import configure_library_logs

__all__ = ["listen", "run"]

UNSENT = 64 * 1024
"""Bytes that the system holds for one connection and cannot send yet; what was sent is not counted."""
SLACK = 2.0
"""Seconds that uvicorn waits beyond what streams and handlers may take to end."""


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises OSError when the address cannot be had."""
    family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform != "win32":  # there, it would let two servers have one port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        _hold_little(listener)
        listener.bind(address)
        listener.listen()
    except OSError:
        listener.close()
        raise
    return listener


def _hold_little(listener: socket.socket) -> None:
    """Connections inherit it. Without it a client that does not read makes the system hold some MiB for it."""
    if (option := getattr(socket, "TCP_NOTSENT_LOWAT", None)) is not None:  # Linux and macOS
        listener.setsockopt(socket.IPPROTO_TCP, option, UNSENT)


def url_of(listener: socket.socket) -> str:
    """Where a client finds the server."""
    host, port, *_ = listener.getsockname()
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def run(app: Application, listener: socket.socket, started: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; `started` is called with the URL once requests are taken.

    Open streams end with their failure event. Raises KeyboardInterrupt after SIGINT, SystemExit when a service could
    not start.
    """
    settings = app.runtime.settings
    configure_library_logs(settings)
    lingering = Lingering(lambda: server.server_state.connections, settings.reader_seconds)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="on",
        timeout_graceful_shutdown=round(settings.shutdown_seconds + settings.cleanup_seconds + SLACK),
        callback_notify=lingering.look,
        timeout_notify=1,
    )
    server = _Server(config, lambda: started(url_of(listener)))
    with _graceful_sigterm():
        server.run(sockets=[listener])


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self.announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        with anyio.CancelScope() as starting:
            # Not a task group: uvicorn leaves by sys.exit, which a group would wrap.
            watch = asyncio.create_task(self._give_up_when_told(starting))
            try:
                await super().startup(sockets)
            finally:
                watch.cancel()
        if self.started:
            self.announce()

    async def _give_up_when_told(self, starting: anyio.CancelScope) -> None:
        """A service may take long to start, and uvicorn looks for signals only after that."""
        while not self.should_exit:  # noqa: ASYNC110
            await anyio.sleep(0.1)  # uvicorn sets a flag from a signal's handler; there is nothing to wait on
        starting.cancel()


@contextlib.contextmanager
def _graceful_sigterm() -> Iterator[None]:
    """Uvicorn raises the signals that it caught once more when it is done; a stop by SIGTERM is a success."""

    def leave(*_: Any) -> None:
        sys.exit(0)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
