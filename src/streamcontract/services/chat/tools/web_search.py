"""The tool `web_search`: a SearXNG server's JSON API."""

from dataclasses import dataclass
from typing import Any, ClassVar

import httpx2
import msgspec

from streamcontract.services.chat.providers.provider import Tool
from streamcontract.services.chat.tools import web
from streamcontract.services.chat.tools.tool import Outcome, ToolError

__all__ = ["RESULTS", "WebSearch"]

RESULTS = 5
LONGEST = 400


class _Result(msgspec.Struct):
    title: str = ""
    url: str = ""
    content: str | None = None


class _Answer(msgspec.Struct):
    results: list[_Result]


@dataclass(frozen=True, slots=True)
class WebSearch:
    """Asks the server at `url`, which the operator chose, so that it may be anywhere."""

    url: str

    tool: ClassVar[Tool] = Tool(
        "web_search",
        "Searches the web and returns a few results, each with a title, an address and an excerpt.",
        {
            "type": "object",
            "properties": {"query": {"type": "string", "minLength": 1, "maxLength": 400}},
            "required": ["query"],
            "additionalProperties": False,
        },
    )

    async def run(self, args: dict[str, Any]) -> Outcome:
        """The first results as JSON. Raises ToolError."""
        query = args["query"]
        try:
            url = httpx2.URL(self.url.rstrip("/").removesuffix("/search") + "/search")
            asked = url.copy_merge_params({"q": query, "format": "json"})
            async with web.get(asked, {"Accept": "application/json"}, server_name=None) as response:
                if not response.is_success:
                    raise ToolError(f"the search server answered with status {response.status_code}")
                found = msgspec.json.decode(await web.read(response), type=_Answer).results
        except httpx2.TimeoutException as error:
            raise ToolError("the search server did not answer in time") from error
        except httpx2.HTTPError as error:
            raise ToolError("the search server could not be reached") from error
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise ToolError("the search server's answer could not be read") from error
        shown = [
            {"title": result.title[:LONGEST], "url": result.url[:LONGEST], "text": (result.content or "")[:LONGEST]}
            for result in found[:RESULTS]
        ]
        count = f"{len(shown)} result{'' if len(shown) == 1 else 's'}"
        return Outcome(msgspec.json.encode(shown).decode(), f"Searched the web for '{query}': {count}.")
