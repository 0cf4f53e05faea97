"""Streams that do not fit into buffers: what a server does when its reader does not read."""

from __future__ import annotations

import select
import socket
from collections.abc import Callable

from literal_server import Do, chunk

__all__ = ["SIZE", "large", "narrow", "patient", "reckless"]

SIZE = 200
"""Events, of about a kilobyte each."""


def narrow(connection: socket.socket) -> None:
    """Have the system hold as little as it can of what is sent."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)


def patient(connection: socket.socket, data: bytes) -> None:
    """Wait for the reader."""
    connection.sendall(data)


def reckless(connection: socket.socket, data: bytes) -> None:
    """Throw an event away that does not get through within half a second."""
    if select.select([], [connection], [], 0.5)[1]:
        connection.sendall(data)


def large(send: Callable[[socket.socket, bytes], None]) -> Do:
    """The events of a large ticker."""

    def play(connection: socket.socket) -> None:
        narrow(connection)
        for number in range(SIZE):
            send(connection, chunk(b'event: tick\ndata: {"n": %d, "text": "%s"}\n\n' % (number, b"x" * 1000)))
        connection.sendall(chunk(b'event: done\ndata: {"ticks": %d}\n\n' % SIZE))

    return Do(play)
