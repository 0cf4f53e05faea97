"""The tools that a model may call, each call bounded and never raising: a failed one says so to the model."""

from collections.abc import Sequence
from typing import Any

import anyio
import jsonschema_rs
import msgspec
import structlog

from streamcontract.services.chat.providers.provider import Tool
from streamcontract.services.chat.settings import ChatSettings
from streamcontract.services.chat.tools.addresses import Gate
from streamcontract.services.chat.tools.fetch_url import FetchUrl
from streamcontract.services.chat.tools.tool import Outcome, Runnable, ToolError
from streamcontract.services.chat.tools.web_search import WebSearch

__all__ = ["MAX_ARGUMENTS", "MAX_CONTENT", "MAX_PREVIEW", "MAX_SUMMARY", "ToolResult", "Toolbox", "make_toolbox"]

log: Any = structlog.get_logger("streamcontract.chat")

MAX_ARGUMENTS = 8_192
"""Characters of a call's arguments; they come back in the event."""

MAX_CONTENT = 20_000
"""Characters that the model is told: some 5,000 tokens, eight times in a completion."""

MAX_PREVIEW = 500
MAX_SUMMARY = 200


class ToolResult(msgspec.Struct, frozen=True):
    """What a call came to: `content` is for the model, the rest for a person; `error` when it failed."""

    args: dict[str, Any]
    content: str
    summary: str
    preview: str | None
    error: str | None


class Toolbox:
    """Some tools, and the seconds that a call of one may take."""

    def __init__(self, tools: Sequence[Runnable], seconds: float) -> None:
        self._tools = {
            tool.tool.name: (tool, jsonschema_rs.validator_for(dict(tool.tool.parameters))) for tool in tools
        }
        self._seconds = seconds

    @property
    def tools(self) -> tuple[Tool, ...]:
        """What a model is offered."""
        return tuple(tool.tool for tool, _ in self._tools.values())

    async def run(self, name: str, arguments: str) -> ToolResult:
        """Call a tool with JSON text as a model wrote it. Never raises for a call that fails."""
        args: dict[str, Any] = {}
        try:
            if name not in self._tools:
                raise ToolError("there is no such tool")
            tool, schema = self._tools[name]
            args = _parsed(arguments)
            _check(schema, args)
            with anyio.fail_after(self._seconds):
                return _made(args, await tool.run(args))
        except ToolError as error:
            return _failed(name, args, str(error))
        except TimeoutError:
            return _failed(name, args, "the tool did not finish in time")
        except Exception:
            log.exception("a tool failed", tool=name[:64])
            return _failed(name, args, "the tool failed")


def make_toolbox(settings: ChatSettings) -> Toolbox:
    """`fetch_url`, and `web_search` where there is a server for it."""
    allow = frozenset(host.strip().lower() for host in settings.fetch_allow.split(",") if host.strip())
    tools: list[Runnable] = [WebSearch(settings.search_url)] if settings.search_url else []
    return Toolbox([*tools, FetchUrl(Gate(allow=allow))], settings.tool_timeout)


def _parsed(arguments: str) -> dict[str, Any]:
    """The arguments; some models write none at all for none. Raises ToolError."""
    if len(arguments) > MAX_ARGUMENTS:
        raise ToolError(f"the arguments have more than {MAX_ARGUMENTS} characters")
    try:
        return msgspec.json.decode(arguments or "{}", type=dict[str, Any])
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise ToolError("the arguments are not a JSON object") from error


def _check(schema: Any, args: dict[str, Any]) -> None:
    """Raises ToolError, naming the first thing that is wrong."""
    wrong = next(iter(schema.iter_errors(args)), None)
    if wrong is not None:
        where = "/".join(str(part) for part in wrong.instance_path)
        raise ToolError(
            _clipped(f"the arguments are wrong: {where + ': ' if where else ''}{wrong.message}", MAX_SUMMARY)
        )


def _made(args: dict[str, Any], outcome: Outcome) -> ToolResult:
    content = _clipped(outcome.content, MAX_CONTENT)
    return ToolResult(args, content, _clipped(outcome.summary, MAX_SUMMARY), _clipped(content, MAX_PREVIEW), None)


def _failed(name: str, args: dict[str, Any], error: str) -> ToolResult:
    return ToolResult(args, f"Error: {error}", _clipped(f"{name[:64]} failed: {error}.", MAX_SUMMARY), None, error)


def _clipped(text: str, longest: int) -> str:
    """The text without NUL, which databases refuse; cut, and seen to be cut."""
    clean = text.replace("\0", "\ufffd")
    return clean if len(clean) <= longest else clean[: longest - 1] + "…"
