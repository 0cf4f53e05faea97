"""Where a redirect leads that may be followed: to the same server, by the same request."""

from __future__ import annotations

from urllib.parse import SplitResult, urldefrag, urljoin, urlsplit

from streamcontract_harness.exchange import Ending, Exchange

__all__ = ["MOST_REDIRECTS", "onward"]

MOST_REDIRECTS = 5
SAME_METHOD = (307, 308)
"""Statuses by which any request is sent again as it was; by the others, only one that asks for something (RFC 9110,
section 15.4): what they make of another method differs from client to client."""
ASKING = {301: ("GET", "HEAD"), 302: ("GET", "HEAD"), 303: ("GET", "HEAD")}
DEFAULT_PORTS = {"http": 80, "https": 443}


def onward(url: str, exchange: Exchange) -> str | None:
    """The URL that an answer from `url` sends on to; None where it does not, or to where no credential may go."""
    status, location = exchange.status or 0, exchange.header("location")
    is_over = exchange.ending in (Ending.SERVER, Ending.LEFT)
    is_for_us = status in SAME_METHOD or exchange.request.method in ASKING.get(status, ())
    if location is None or not is_over or not is_for_us or not _is_plain(location):
        return None
    try:
        target = urlsplit(urljoin(url, location))
        same = "@" not in target.netloc and _origin(target) == _origin(urlsplit(url))
    except ValueError:
        return None
    return urldefrag(target.geturl()).url if same else None


def _is_plain(location: str) -> bool:
    """Whether it can stand in a request; what a server sends must not look like a mistake of ours."""
    return location.isascii() and location.isprintable() and " " not in location


def _origin(url: SplitResult) -> tuple[str, str | None, int | None]:
    return url.scheme, url.hostname, url.port or DEFAULT_PORTS.get(url.scheme)
