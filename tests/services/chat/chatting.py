"""The chat service behind a real socket, with a provider that a test scripts, and streams that the monitor judges."""

import json
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager
from typing import Any

import anyio.to_thread
import pytest
from served import Served, serve

from streamcontract import Contract, Request, Response, StreamMonitor, Verdict
from streamcontract.server import Settings, create_app
from streamcontract.services import SERVICES
from streamcontract.services.chat import service
from streamcontract.services.chat.providers.provider import Completion, Message, Text, Tool, ToolRequest, Usage
from streamcontract.services.chat.settings import get_settings
from streamcontract.services.chat.tools.toolbox import Toolbox, ToolResult

__all__ = [
    "CONTRACT",
    "HELLO",
    "PATH",
    "REQUEST",
    "SECRET",
    "Script",
    "Scripted",
    "Stub",
    "chat",
    "ends_in_error",
    "judge",
    "parsed",
    "saying",
    "serving_chat",
    "stream",
    "tool_results",
    "until",
]

CONTRACT = SERVICES["chat"].path
PATH = "/v1/chat-completions/stream"
HELLO: dict[str, Any] = {"provider": "openai", "model": "m", "messages": [{"role": "user", "content": "Hello"}]}
SECRET = "the-password-of-the-database"
REQUEST = ToolRequest("call_1", "look", '{"at":"it"}')

Item = Text | ToolRequest | Usage
Script = Callable[[Completion], AsyncGenerator[Item, None]]


class Scripted:
    """A provider that does what a test says, and remembers what it was asked and how often a call of it has ended."""

    def __init__(self, name: str, script: Script) -> None:
        self.name, self.script = name, script
        self.asked: list[Completion] = []
        self.ended = 0

    async def stream(self, completion: Completion) -> AsyncGenerator[Item, None]:
        self.asked.append(completion)
        try:
            async with aclosing(self.script(completion)) as items:
                async for item in items:
                    yield item
        finally:
            self.ended += 1

    async def close(self) -> None:
        pass


class Stub(Toolbox):
    """One tool, `look`, that does what a test says."""

    def __init__(self, run: Callable[[str], Any] | None = None) -> None:
        super().__init__([], 1)
        self._run = run

    @property
    def tools(self) -> tuple[Tool, ...]:
        return (Tool("look", "Looks at something.", {"type": "object"}),)

    async def run(self, name: str, arguments: str) -> ToolResult:
        if self._run is not None:
            result: ToolResult = await self._run(arguments)
            return result
        return ToolResult({"at": "it"}, "It is blue.", f"{name} did it.", "blue", None)


def saying(*texts: str, usage: Usage | None = None) -> Script:
    """A model that says this."""

    async def script(completion: Completion) -> AsyncGenerator[Item, None]:
        for text in texts:
            yield Text(text)
        if usage is not None:
            yield usage

    return script


def tool_results(completion: Completion) -> list[Message]:
    """What the model has been told by tools."""
    return [message for message in completion.messages if message.role == "tool"]


async def until(flag: Any) -> None:
    """Wait for a threading.Event that the test sets."""
    await anyio.to_thread.run_sync(flag.wait, 30, abandon_on_cancel=True)


@contextmanager
def serving_chat(
    database: str,
    script: Script | None = None,
    tools: Toolbox | None = None,
    settings: Settings | None = None,
    **variables: str,
) -> Iterator[tuple[Served, dict[str, Scripted]]]:
    """The service over a database, with CHAT_ variables; with a script, all its providers follow that."""
    given = {"database_url": database, "providers": "builtin", **variables}
    made = {name: Scripted(name, script) for name in ("openai", "anthropic", "xai")} if script else {}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in given.items():
            patch.setenv(f"CHAT_{name.upper()}", value)
        if script:
            patch.setattr(service, "make_providers", lambda _: made)
        if tools:
            patch.setattr(service, "make_toolbox", lambda _: tools)
        get_settings.cache_clear()
        try:
            app = create_app({CONTRACT: "streamcontract.services.chat.handlers"}, settings=settings)
            with serve(app) as served:
                yield served, made
        finally:
            get_settings.cache_clear()


def judge(body: dict[str, Any], content: bytes) -> StreamMonitor:
    """The monitor of a whole stream, which has found nothing wrong with it."""
    request = Request(method="POST", body=body)
    monitor = Contract.load(CONTRACT).stream("streamChatCompletion").monitor(request, Response(200, {}))
    monitor.feed(content)
    monitor.close()
    assert monitor.findings == (), content.decode()
    assert monitor.verdict is Verdict.CONFORMS
    return monitor


def parsed(content: bytes) -> list[tuple[str, Any]]:
    """The events, by name and payload; heartbeats are left out."""
    blocks = [block.split("\n") for block in content.decode().split("\n\n") if block and not block.startswith(":")]
    return [(block[0].removeprefix("event: "), json.loads(block[1].removeprefix("data: "))) for block in blocks]


def stream(served: Served, **changes: Any) -> list[tuple[str, Any]]:
    """The events of one stream, which conforms."""
    body = {**HELLO, **changes}
    response = served.client.post(PATH, json=body, timeout=60)
    assert response.status_code == 200, response.text
    judge(body, response.content)
    return parsed(response.content)


def chat(served: Served, events_or_id: list[tuple[str, Any]] | str) -> dict[str, Any]:
    """The chat of a stream, as getChat shows it."""
    id_ = events_or_id if isinstance(events_or_id, str) else events_or_id[0][1]["chatId"]
    response = served.client.get(f"/v1/chats/{id_}")
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def ends_in_error(served: Served, events: list[tuple[str, Any]], message: str) -> None:
    """The stream ends with this message, and the chat shows no answer, but the error, by its reference."""
    event, last = events[-1]
    assert event == "error"
    assert last["message"].startswith(f"{message}. Reference: ")
    shown = chat(served, events)
    assert [row["role"] for row in shown["messages"]] == ["user"]
    assert [(call["status"], call["error"]) for call in shown["calls"]] == [("failed", last["message"])]
    assert shown["calls"][0]["latencyMs"] >= 0
