"""How the tests of `fetch_url` fetch: over real sockets, with a resolver of their own.

127.0.0.2 stands for the public internet, so that nothing beyond the loopback is asked; all the rest is as it is.
"""

import json
import signal
import ssl
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any

import anyio
from wire_server import Server

from streamcontract.services.chat.tools.addresses import Gate, is_public
from streamcontract.services.chat.tools.fetch_url import FetchUrl
from streamcontract.services.chat.tools.page_text import Page, text_of
from streamcontract.services.chat.tools.toolbox import Toolbox, ToolResult

OUTSIDE = "127.0.0.2"
HTML = "text/html; charset=utf-8"


class Names:
    """A resolver: each look-up of a name takes the next of its answers; the last one stays."""

    def __init__(self, **answers: Sequence[Sequence[str]]) -> None:
        self.answers = {f"{name}.test": list(each) for name, each in answers.items()}
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        left = self.answers.get(host, [[]])
        return left.pop(0) if len(left) > 1 else left[0]


class Everywhere:
    """The ports of a test's server are whatever is free."""

    def __contains__(self, port: object) -> bool:
        return True


def fetch(
    url: str, names: Names, *, seconds: float = 15, context: ssl.SSLContext | None = None, **gate: Any
) -> ToolResult:
    def public(address: Any) -> bool:
        return address == ip_address(OUTSIDE) or is_public(address)

    made = Gate(**{"resolver": names, "public": public, "ports": Everywhere(), **gate})
    box = Toolbox([FetchUrl(made, context)], seconds)

    async def run() -> ToolResult:
        return await box.run("fetch_url", json.dumps({"url": url}))

    return anyio.run(run)


def page(text: str = "<title>A page</title><p>Hello, <b>reader</b>.</p>", content_type: str = HTML) -> Any:
    return lambda exchange: exchange.answer(text.encode(), content_type=content_type)


def url_of(server: Server, name: str = "site", path: str = "/") -> str:
    return f"http://{name}.test:{server.port}{path}"


def interrupted(content: bytes, content_type: str) -> Page:
    """What `text_of` does, in a worker process that gets Ctrl-C."""
    signal.raise_signal(signal.SIGINT)
    return text_of(content, content_type)
