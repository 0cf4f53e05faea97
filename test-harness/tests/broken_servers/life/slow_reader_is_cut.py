"""Cuts the connection of a reader that does not read on within half a second. A warning: no standard forbids it."""

import select
import socket

from large_streams import large
from literal_server import stream
from small_contracts import ticker


def impatient(connection: socket.socket, data: bytes) -> None:
    if not select.select([], [connection], [], 0.5)[1]:
        raise ConnectionError("the reader does not read")
    connection.sendall(data)


ID = "life.slow-reader"
LEVEL = "should"
CONTRACT = ticker()
ROUTES = {"GET /ticks": stream(large(impatient))}
OPTIONS = {"max_examples": 1}
