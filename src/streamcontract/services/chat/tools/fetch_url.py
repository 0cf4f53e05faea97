"""The tool `fetch_url`: the text of a page of the public internet."""

import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

import httpx2

from streamcontract.services.chat.providers.provider import Tool
from streamcontract.services.chat.tools import web
from streamcontract.services.chat.tools.addresses import Gate, parse_url
from streamcontract.services.chat.tools.page_text import HTML, text_of
from streamcontract.services.chat.tools.tool import Outcome, ToolError
from streamcontract.services.workers import in_process, limiter

__all__ = ["REDIRECTS", "FetchUrl"]

REDIRECTS = 5
TEXTUAL = HTML | {"application/json", "application/xml", "application/yaml", "application/javascript"}
PARSERS = 2


@dataclass(frozen=True, slots=True)
class FetchUrl:
    """Fetches a page through a gate. `context` is for tests with a certificate of their own."""

    gate: Gate
    context: ssl.SSLContext | None = None

    tool: ClassVar[Tool] = Tool(
        "fetch_url",
        "Fetches a web page and returns its text. Public http and https addresses only.",
        {
            "type": "object",
            "properties": {"url": {"type": "string", "minLength": 1, "maxLength": 2000}},
            "required": ["url"],
            "additionalProperties": False,
        },
    )

    async def run(self, args: dict[str, Any]) -> Outcome:
        """The page's title and text. Raises ToolError."""
        url = parse_url(args["url"])
        try:
            for _ in range(REDIRECTS + 1):
                async with self._visit(url) as response:
                    if not response.has_redirect_location:
                        return await _outcome(url, response)
                    url = parse_url(str(url.join(response.headers["Location"])))
        except httpx2.TimeoutException as error:
            raise ToolError("the page did not answer in time") from error
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise ToolError("the page could not be read") from error
        raise ToolError(f"the page redirects more than {REDIRECTS} times")

    @asynccontextmanager
    async def _visit(self, url: httpx2.URL) -> AsyncIterator[httpx2.Response]:
        """The response of the first address that answers. The request has the address in place of the name, and the
        name in its Host header and in TLS, so that nothing is looked up again after the gate."""
        addresses = await self.gate.addresses(url)
        headers = {"Host": url.netloc.decode("ascii"), "Accept": "text/html, text/plain;q=0.9, */*;q=0.1"}
        async with AsyncExitStack() as stack:
            for n, address in enumerate(addresses, 1):
                target = url.copy_with(host=str(address))
                visit = web.get(target, headers, server_name=url.host.rstrip("."), context=self.context)
                try:
                    response = await stack.enter_async_context(visit)
                    break
                except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
                    if n == len(addresses):
                        raise ToolError("the page's server could not be reached") from error
            yield response


async def _outcome(url: httpx2.URL, response: httpx2.Response) -> Outcome:
    if not response.is_success:
        raise ToolError(f"the page answered with status {response.status_code}")
    content_type = response.headers.get("Content-Type", "")
    kind = content_type.partition(";")[0].strip().lower()
    if not (kind.startswith("text/") or kind in TEXTUAL or kind.endswith(("+json", "+xml"))):
        raise ToolError("the page is not a text")
    body = await web.read(response)
    page = await in_process(limiter("chat-page-parsers", PARSERS), text_of, body, content_type)
    title = f"\nTitle: {page.title}" if page.title else ""
    return Outcome(f"Address: {url}{title}\n\n{page.text}", f"Fetched {url}.")
