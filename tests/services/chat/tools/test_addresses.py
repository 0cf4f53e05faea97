"""Which addresses may be connected to, against Python's own idea of them and over every notation."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address

import anyio
import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamcontract.services.chat.tools.addresses import (
    GLOBAL6,
    NAT64,
    REFUSED,
    Address,
    Gate,
    is_public,
    parse_url,
    resolve,
)
from streamcontract.services.chat.tools.tool import ToolError

NOT_PUBLIC = [
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::808:808",
    "100::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:10::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "2002:808:808::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "2606:4700::1111%eth0",
]
PUBLIC = ["1.1.1.1", "8.8.8.8", "93.184.216.34", "2606:4700:4700::1111", "2a00:1450:4001:80b::200e", "64:ff9b::808:808"]


def decide(url: str, answers: Sequence[str] = (), **gate: object) -> list[str] | str:
    """The addresses that may be connected to, or why there are none."""

    async def answer(host: str, port: int) -> Sequence[str]:
        return answers

    async def run() -> list[str] | str:
        try:
            made = Gate(**{"resolver": answer, **gate})  # type: ignore[arg-type]
            return [str(address) for address in await made.addresses(parse_url(url))]
        except ToolError as error:
            return str(error)

    return anyio.run(run)


def in_url(address: str) -> str:
    return f"[{address}]" if ":" in address else address


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_an_address_that_is_not_public_is_refused_in_the_url_and_behind_a_name(address: str) -> None:
    assert not is_public(ip_address(address))
    assert decide(f"http://{in_url(address)}/") == "the address is not a public one"
    assert decide("http://innocent.test/", [address]) == "the address is not a public one"
    assert decide("http://innocent.test/", ["1.1.1.1", address]) == "the address is not a public one"


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_may_be_visited(address: str) -> None:
    assert decide(f"https://{in_url(address)}/") == [address]
    assert decide("https://site.test/", [address, address]) == [address]


def notations(address: IPv4Address) -> list[str]:
    """Ways in which some resolver or browser would understand an IPv4 address."""
    number, parts = int(address), address.packed
    a, b, c, d = parts
    return [
        str(number),
        hex(number),
        f"0{number:o}",
        f"{a}.{number & 0xFFFFFF}",
        f"{a}.{b}.{number & 0xFFFF}",
        ".".join(f"0{part:o}" for part in parts),
        ".".join(hex(part) for part in parts),
        ".".join(f"{part:03d}" for part in parts),
        f"{a}.{b}.{c}.{d}.",
        f"[::ffff:{address}]",
        f"[::{address}]",
        f"[::ffff:0:{address}]",
        f"[64:ff9b::{address}]",
        f"[64:ff9b:1::{address}]",
        f"[2002:{a:02x}{b:02x}:{c:02x}{d:02x}::1]",
        f"[2001:0:{a:02x}{b:02x}:{c:02x}{d:02x}::1]",
        f"{a}%2e{b}%2e{c}%2e{d}",
        f"user@{address}",
        f"1.1.1.1@{address}",
        f"{address}#@1.1.1.1",
        f"{address}%00.test",
    ]


SPECIAL = st.sampled_from([network for network in REFUSED if network.version == 4]).flatmap(
    lambda network: st.integers(int(network[0]), int(network[-1])).map(IPv4Address)
)


@given(SPECIAL | st.ip_addresses(v=4), st.data())
def test_no_notation_of_an_address_leads_to_one_that_is_not_public(address: IPv4Address, data: st.DataObject) -> None:
    """The resolver here is the system's for numeric hosts: it knows 0177.1 and 2130706433, and asks no network."""
    notation = data.draw(st.sampled_from(notations(address)))

    async def numeric(host: str, port: int) -> Sequence[str]:
        from socket import AI_NUMERICHOST, SOCK_STREAM, getaddrinfo  # noqa: PLC0415 - used here only

        return [str(where[0]) for *_, where in getaddrinfo(host, port, type=SOCK_STREAM, flags=AI_NUMERICHOST)]

    found = decide(f"http://{notation}/", resolver=numeric)
    if isinstance(found, list):
        for text in found:
            assert _is_global(ip_address(text)), f"{notation} leads to {text}"


@given(st.ip_addresses(v=4) | SPECIAL | st.ip_addresses(v=6))
def test_what_is_public_is_global_to_python_too(address: Address) -> None:
    if is_public(address):
        assert _is_global(address)


def _is_global(address: Address) -> bool:
    """By the flags of the standard library, which were written from IANA's registries by others than us."""
    if isinstance(address, IPv6Address) and address in NAT64:
        return _is_global(IPv4Address(int(address) & 0xFFFF_FFFF))
    embedded = (address.ipv4_mapped, address.sixtofour, address.teredo) if isinstance(address, IPv6Address) else ()
    bad = address.is_multicast or address.is_reserved or address.is_loopback or address.is_link_local
    return address.is_global and not bad and not any(embedded)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("ftp://site.test/", "only http and https addresses can be fetched"),
        ("file:///etc/passwd", "only http and https addresses can be fetched"),
        ("//site.test/", "only http and https addresses can be fetched"),
        ("http:///", "only http and https addresses can be fetched"),
        ("http://me@site.test/", "an address with a user name in it cannot be fetched"),
        ("http://me:secret@site.test/", "an address with a user name in it cannot be fetched"),
        ("http://site.test:22/", "port 22 cannot be fetched from"),
        ("http://site.test:8080/", "port 8080 cannot be fetched from"),
        ("http://8.8.8.8:0/", "port 0 cannot be fetched from"),
        ("http://site.test:99999/", "port 99999 cannot be fetched from"),
        ("http://" + "x" * 2000, "the address has more than 2000 characters"),
        ("http://a\tb/", "the address is not a URL"),
        ("http://[::1/", "the address is not a URL"),
        ("http://１２７.0.0.1/", "the address is not a URL"),
        ("http://nowhere.test/", "the host is not known"),
    ],
)
def test_what_cannot_be_fetched_is_told(url: str, why: str) -> None:
    assert decide(url) == why


def test_an_allowed_host_may_be_anywhere_at_any_port_and_no_other_host_may() -> None:
    allow = frozenset({"wiki.internal", "127.0.0.1"})
    assert decide("http://wiki.internal:8080/", ["10.0.0.7"], allow=allow) == ["10.0.0.7"]
    assert decide("http://WIKI.internal./", ["10.0.0.7"], allow=allow) == ["10.0.0.7"]
    assert decide("http://127.0.0.1:8080/", allow=allow) == ["127.0.0.1"]
    assert decide("http://x.wiki.internal/", ["10.0.0.7"], allow=allow) == "the address is not a public one"
    assert decide("http://wiki.internal.test/", ["10.0.0.7"], allow=allow) == "the address is not a public one"
    assert decide("http://127.0.0.2/", allow=allow) == "the address is not a public one"


def test_the_system_resolver_knows_localhost() -> None:
    assert decide("http://localhost/", resolver=resolve) == "the address is not a public one"


def test_the_parts_of_ipv6_that_are_asked_for_do_not_overlap() -> None:
    assert not GLOBAL6.overlaps(NAT64)


def test_a_name_is_looked_up_in_its_ascii_form() -> None:
    asked: list[str] = []

    async def note(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["1.1.1.1"]

    assert decide("http://BÜCHER.test/", resolver=note) == ["1.1.1.1"]
    assert asked == ["xn--bcher-kva.test"]
    assert httpx2.URL("http://BÜCHER.test/").raw_host == b"xn--bcher-kva.test"
