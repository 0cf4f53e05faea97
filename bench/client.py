"""A client that only counts: `python -m bench.client PORT EVENTS` prints the seconds that one stream took."""

import socket
import sys
import time

__all__ = ["count_stream"]

MARK = b"data:"
"""Each event has one data field, and no payload has this in it."""

TIMEOUT = 60.0
"""Seconds without a byte, after which a server is given up."""


def count_stream(port: int, events: int) -> tuple[int, float]:
    """Ask for a stream and read it to its end: the number of events, and the seconds from request to end."""
    request = f"GET /deltas?events={events} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT) as connection:
        begin = time.perf_counter()
        connection.sendall(request.encode())
        found, tail = 0, b""
        while chunk := connection.recv(1 << 18):
            found += (tail + chunk).count(MARK)
            tail = chunk[1 - len(MARK) :]  # too short to hold a mark that was counted
        return found, time.perf_counter() - begin


if __name__ == "__main__":
    found, seconds = count_stream(int(sys.argv[1]), int(sys.argv[2]))
    print(found, seconds)
