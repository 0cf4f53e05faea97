"""Which addresses `fetch_url` may connect to: public ones only, asked for by name once, and connected to as checked."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from socket import SOCK_STREAM, gaierror, getaddrinfo

import httpx2
from anyio import to_thread

from streamcontract.services.chat.tools.tool import ToolError
from streamcontract.services.workers import limiter

__all__ = ["REFUSED", "Address", "Gate", "Resolver", "is_public", "parse_url", "resolve"]

Address = IPv4Address | IPv6Address
Resolver = Callable[[str, int], Awaitable[Sequence[str]]]

REFUSED: Mapping[IPv4Network | IPv6Network, str] = {
    IPv4Network("0.0.0.0/8"): "this network",
    IPv4Network("10.0.0.0/8"): "private",
    IPv4Network("100.64.0.0/10"): "shared by carriers; some clouds keep their metadata there",
    IPv4Network("127.0.0.0/8"): "loopback",
    IPv4Network("168.63.129.16/32"): "metadata of a cloud",
    IPv4Network("169.254.0.0/16"): "link-local; metadata of most clouds",
    IPv4Network("172.16.0.0/12"): "private",
    IPv4Network("192.0.0.0/24"): "protocol assignments",
    IPv4Network("192.0.2.0/24"): "documentation",
    IPv4Network("192.88.99.0/24"): "6to4 relays",
    IPv4Network("192.168.0.0/16"): "private",
    IPv4Network("198.18.0.0/15"): "benchmarks",
    IPv4Network("198.51.100.0/24"): "documentation",
    IPv4Network("203.0.113.0/24"): "documentation",
    IPv4Network("224.0.0.0/4"): "multicast",
    IPv4Network("240.0.0.0/4"): "reserved",
    IPv6Network("2001::/23"): "protocol assignments, Teredo and ORCHID among them",
    IPv6Network("2001:db8::/32"): "documentation",
    IPv6Network("2002::/16"): "6to4: an IPv4 address inside",
    IPv6Network("3fff::/20"): "documentation",
}
"""From IANA's registries of special addresses; of IPv6, all outside GLOBAL6 and NAT64 is refused before."""

GLOBAL6 = IPv6Network("2000::/3")
NAT64 = IPv6Network("64:ff9b::/96")

PORTS = frozenset({80, 443})
MAX_URL = 2_000
MAX_ADDRESSES = 4
THREADS = 8


NUMBER = re.compile(r"(?:\d+|0[xX][0-9a-fA-F]*)\Z")


def is_public(address: Address) -> bool:
    """Whether this is a machine of the public internet. NAT64 is judged by the IPv4 address inside."""
    if isinstance(address, IPv6Address):
        if address in NAT64 and address.scope_id is None:
            return is_public(IPv4Address(int(address) & 0xFFFF_FFFF))
        if address not in GLOBAL6 or address.scope_id is not None:
            return False
    return not any(address in network for network in REFUSED if network.version == address.version)


async def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses of a name, by the system's resolver, in threads of its own: slow names must not hold up others'."""
    ask = partial(getaddrinfo, host, port, type=SOCK_STREAM)
    found = await to_thread.run_sync(ask, abandon_on_cancel=True, limiter=limiter("chat-names", THREADS))
    return [str(where[0]) for *_, where in found]


@dataclass(frozen=True, slots=True)
class Gate:
    """What may be visited: public addresses at the usual ports, and the hosts in `allow` wherever they are."""

    allow: frozenset[str] = frozenset()
    resolver: Resolver = resolve
    public: Callable[[Address], bool] = is_public
    ports: frozenset[int] = PORTS

    async def addresses(self, url: httpx2.URL) -> Sequence[Address]:
        """The addresses to connect to, and no others, since a second look-up may find others. Raises ToolError."""
        host = url.raw_host.decode("ascii").lower().removesuffix(".")
        port = url.port if url.port is not None else {"http": 80, "https": 443}.get(url.scheme, 0)
        if url.scheme not in {"http", "https"} or not host:
            raise ToolError("only http and https addresses can be fetched")
        if url.userinfo:
            raise ToolError("an address with a user name in it cannot be fetched")
        allowed = host in self.allow
        if not allowed and port not in self.ports:
            raise ToolError(f"port {port} cannot be fetched from")
        found = [literal] if (literal := _literal(host)) else await self._look_up(host, port)
        if not allowed and not all(self.public(address) for address in found):
            raise ToolError("the address is not a public one")
        return found[:MAX_ADDRESSES]

    async def _look_up(self, host: str, port: int) -> list[Address]:
        try:
            found = [ip_address(text) for text in await self.resolver(host, port)]
        except (gaierror, OSError, UnicodeError, ValueError) as error:
            raise ToolError("the host is not known") from error
        if not found:
            raise ToolError("the host is not known")
        return list(dict.fromkeys(found))


def parse_url(text: str) -> httpx2.URL:
    """The URL without its fragment. Raises ToolError."""
    try:
        if len(text) > MAX_URL:
            raise ToolError(f"the address has more than {MAX_URL} characters")
        return httpx2.URL(text.strip()).copy_with(fragment=None)
    except (httpx2.InvalidURL, ValueError, TypeError) as error:
        raise ToolError("the address is not a URL") from error


def _literal(host: str) -> Address | None:
    """The address that a host is in itself; None for a name. Raises ToolError for odd notations: 0177.1, 2130706433."""
    if ":" not in host and not NUMBER.match(host.rsplit(".", 1)[-1]):
        return None
    try:
        return ip_address(host)
    except ValueError as error:
        raise ToolError("the address is not a public one") from error
