"""Makes one stream after the other, each to its end, whether anybody reads it or not."""

import contextlib
import socket
import threading
from collections.abc import Iterator

from literal_server import Do, Pause, Received, Step, stream
from small_contracts import TICKS, ticker

TURN = threading.Lock()


def unheeding(data: bytes) -> Do:
    """Sends, and does not look at what comes of it."""

    def send(connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            connection.sendall(data)

    return Do(send)


def watch(_: Received) -> Iterator[Step]:
    with TURN:
        for part in stream(TICKS[:28], Pause(0.3), TICKS[28:]):
            yield unheeding(part) if isinstance(part, bytes) else part


ID = "life.leaving-unnoticed"
OPTIONS = {"timeout": 8.0}
CONTRACT = ticker()
ROUTES = {"GET /ticks": watch}
ALONE = True
