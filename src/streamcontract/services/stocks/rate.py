"""How many runs a client may start in a minute."""

import ipaddress
import math
import time
from collections import OrderedDict, deque
from collections.abc import Callable

__all__ = ["Rate"]

CLIENTS = 10_000
"""Clients that are remembered; of more, those that came longest ago are forgotten."""
NETWORK = 64
"""Bits of an IPv6 address that one client has to itself: https://www.rfc-editor.org/rfc/rfc6177#section-2"""


class Rate:
    """At most so many in any window of so many seconds, for each client.

    A list of times in memory, as no library has one that is bounded and starts no timer or thread of its own.
    """

    def __init__(self, most: int, seconds: float = 60.0, clock: Callable[[], float] = time.monotonic) -> None:
        self.most, self.seconds, self._clock = most, seconds, clock
        self._taken: OrderedDict[str, deque[float]] = OrderedDict()

    def take(self, address: str) -> int:
        """Take one. Returns 0, or the whole seconds to wait when there is none."""
        client, now = _client(address), self._clock()
        taken = self._taken.setdefault(client, deque())
        self._taken.move_to_end(client)
        while len(self._taken) > CLIENTS:
            self._taken.popitem(last=False)
        while taken and now - taken[0] >= self.seconds:
            taken.popleft()
        if len(taken) >= self.most:
            return max(1, math.ceil(taken[0] + self.seconds - now))
        taken.append(now)
        return 0


def _client(address: str) -> str:
    try:
        known = ipaddress.ip_address(address)
    except ValueError:  # of a socket in the file system there is none
        return address
    if isinstance(known, ipaddress.IPv4Address):
        return str(known)
    return str(known.ipv4_mapped or ipaddress.ip_network((int(known), NETWORK), strict=False))
