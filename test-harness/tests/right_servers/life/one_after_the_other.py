"""Makes one stream after the other, and gives one up as soon as its client has left."""

import select
import socket
import threading
from collections.abc import Iterator

from literal_server import Do, Received, Step, stream
from small_contracts import TICKS, ticker

TURN = threading.Lock()


def watching(connection: socket.socket) -> None:
    """A pause, which the end of the connection ends: a client that says nothing more has nothing to say but that."""
    if select.select([connection], [], [], 0.06)[0]:
        raise ConnectionError("the client has left")


def watch(_: Received) -> Iterator[Step]:
    with TURN:
        for part in stream(TICKS[:28], TICKS[28:56], TICKS[56:]):
            yield part
            yield Do(watching)


CONTRACT = ticker()
ROUTES = {"GET /ticks": watch}
