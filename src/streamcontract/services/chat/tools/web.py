"""One GET for a tool: bounded in bytes, without proxies, cookies or redirects."""

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import lru_cache

import httpx2

from streamcontract.services.chat.tools.tool import ToolError

__all__ = ["MAX_BYTES", "get", "read"]

MAX_BYTES = 2 * 2**20
"""Bytes of a page as it is sent, and also after it is unpacked; few pages of text have more."""

ENCODINGS = {"", "identity", "gzip", "x-gzip", "deflate"}
TIMEOUT = httpx2.Timeout(10, connect=4)
HEADERS = {"User-Agent": "streamcontract-chat", "Accept-Encoding": "gzip, deflate"}


@asynccontextmanager
async def get(
    url: httpx2.URL, headers: Mapping[str, str], *, server_name: str | None, context: ssl.SSLContext | None = None
) -> AsyncIterator[httpx2.Response]:
    """The response, its body unread; `server_name` is for TLS when the URL has an address in place of it."""
    extensions = {"sni_hostname": server_name} if server_name else {}
    async with (
        httpx2.AsyncClient(
            verify=context or _tls(), trust_env=False, follow_redirects=False, timeout=TIMEOUT, headers=HEADERS
        ) as client,
        client.stream("GET", url, headers=headers, extensions=extensions) as response,
    ):
        yield response


async def read(response: httpx2.Response) -> bytes:
    """The body, unpacked. Raises ToolError when it is too large, sent or unpacked."""
    if response.headers.get("Content-Encoding", "").strip().lower() not in ENCODINGS:
        raise ToolError("the page is packed in a way that was not asked for")
    length = response.headers.get("Content-Length", "")
    body = bytearray()
    too_large = length.isdecimal() and int(length[:20]) > MAX_BYTES
    if not too_large:
        async for piece in response.aiter_bytes():
            body += piece
            too_large = max(len(body), response.num_bytes_downloaded) > MAX_BYTES
            if too_large:
                break
    if too_large:
        raise ToolError(f"the page has more than {MAX_BYTES // 2**20} MiB")
    return bytes(body)


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return httpx2.create_ssl_context(trust_env=False)
