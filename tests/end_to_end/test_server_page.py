"""The handlers on the page about the server kit run as they stand there, and its figures are to be had."""

import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from end_to_end.terminal import ROOT
from served import Served, openapi, serve, written

from streamcontract.server import create_app

PAGE = (ROOT / "docs" / "server.md").read_text(encoding="utf-8")
JSON_BODY = {"application/json": {"schema": {"type": "object", "required": ["question"],
                                             "properties": {"question": {"type": "string"}}}}}  # fmt: skip
EVENTS = {
    name: {"type": "object", "properties": {"event": {"const": name}, "data": {"type": "string"}}}
    for name in ("meta", "done", "error")
}
CONTRACT = openapi(
    {
        "/chat": {
            "post": {
                "operationId": "streamChat",
                "parameters": [{"name": "sessionId", "in": "query", "schema": {"type": "string"}}],
                "requestBody": {"required": True, "content": JSON_BODY},
                "responses": {
                    "200": {
                        "description": "events",
                        "content": {
                            "text/event-stream": {
                                "itemSchema": {"oneOf": list(EVENTS.values())},
                                "x-stream": {
                                    "sequence": "meta done",
                                    "interruptedBy": ["error"],
                                    "outcome": {"success": ["done"], "failure": ["error"]},
                                },
                            }
                        },
                    },
                    "default": {"description": "a problem", "content": {"application/problem+json": {}}},
                },
            }
        },
        "/chats/{chatId}": {
            "get": {
                "operationId": "getChat",
                "parameters": [{"name": "chatId", "in": "path", "required": True, "schema": {"type": "integer"}}],
                "responses": {"200": {"description": "a chat", "content": {"application/json": {}}}},
            }
        },
    }
)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    code = next(code for code in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if "async def" in code)
    module = ModuleType("handlers_of_the_page")
    exec(compile(code, "docs/server.md", "exec"), module.__dict__)  # noqa: S102 - our own page
    with serve(create_app({written(tmp_path, CONTRACT): module})) as running:
        yield running


def test_the_handlers_of_the_page_do_what_it_says(served: Served) -> None:
    stream = served.client.post("/chat", params={"sessionId": "s-1"}, json={"question": "Why?"})
    assert stream.headers["x-session"] == "s-1"
    assert stream.text == 'event: meta\ndata: {"sources":["a","b"]}\n\nevent: done\nid: 1\ndata: the text\n\n'

    refused = served.client.post("/chat", json={"question": ""})
    assert (refused.status_code, refused.json()["detail"]) == (400, "the question is empty")

    assert served.client.get("/chats/7").json() == {"id": 7}


def test_the_figures_of_the_page_are_those_that_there_are(served: Served) -> None:
    served.client.post("/chat", json={"question": "Why?"})
    given = {
        name.removesuffix("_total")
        for name in re.findall(r"^# TYPE (streamcontract_\w+) ", served.client.get("/metrics").text, re.M)
    }
    named = set(re.findall(r"`(streamcontract_\w+?)(?:_total)?`", PAGE.split("## What can be seen")[1]))
    assert named == {name for name in given if not name.endswith("_created")}
