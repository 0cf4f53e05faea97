"""Connections that were closed while their client still had something to read.

Closing lets what is left go out first, and a client that reads a byte a second would keep the connection for hours.
"""

import socket
import struct
import time
from collections.abc import Callable, Collection
from typing import Any

import structlog

__all__ = ["Lingering"]

AT_ONCE = struct.pack("ii", 1, 0)
"""The system, too, forgets what was not sent."""

log: Any = structlog.get_logger("streamcontract.server")


class Lingering:
    """Drops those that linger for too long; `connections` are uvicorn's, which are gone once they are closed."""

    def __init__(self, connections: Callable[[], Collection[Any]], seconds: float) -> None:
        self._connections, self._seconds = connections, seconds
        self._since: dict[Any, float] = {}

    async def look(self) -> None:
        """To be done now and then."""
        now = time.monotonic()
        closing = [connection for connection in self._connections() if connection.transport.is_closing()]
        self._since = {connection: self._since.get(connection, now) for connection in closing}
        for connection, since in self._since.items():
            if now - since > self._seconds:
                log.warning("a closed connection is dropped, as its client reads too slowly", seconds=self._seconds)
                if (client := connection.transport.get_extra_info("socket")) is not None:
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
                connection.transport.abort()
