"""The toolbox: arguments against the schema, bounds, and failures that are told and never raised."""

import json
from typing import Any

import anyio
import pytest

from streamcontract.services.chat.providers.provider import Tool
from streamcontract.services.chat.settings import ChatSettings
from streamcontract.services.chat.tools.tool import Outcome, ToolError
from streamcontract.services.chat.tools.toolbox import (
    MAX_ARGUMENTS,
    MAX_CONTENT,
    MAX_PREVIEW,
    MAX_SUMMARY,
    Toolbox,
    ToolResult,
    make_toolbox,
)

SCHEMA = {
    "type": "object",
    "properties": {"word": {"type": "string", "maxLength": 5000}, "times": {"type": "integer"}},
    "required": ["word"],
    "additionalProperties": False,
}


class Echo:
    """A tool of the test's own: what it does is said by its word."""

    tool = Tool("echo", "Says it again.", SCHEMA)

    async def run(self, args: dict[str, Any]) -> Outcome:
        match args["word"]:
            case "refuse":
                raise ToolError("it will not say that")
            case "break":
                raise RuntimeError("secret detail")
            case "hang":
                await anyio.sleep_forever()
        return Outcome(args["word"] * args.get("times", 1), f"Said {args['word']}.")


def run(arguments: str, name: str = "echo", seconds: float = 5) -> ToolResult:
    return anyio.run(Toolbox([Echo()], seconds).run, name, arguments)


def test_a_tool_is_run() -> None:
    assert run('{"word": "hi", "times": 2}') == ToolResult({"word": "hi", "times": 2}, "hihi", "Said hi.", "hihi", None)


@pytest.mark.parametrize(
    ("arguments", "args", "error"),
    [
        ("", {}, 'the arguments are wrong: "word" is a required property'),
        ("{}", {}, 'the arguments are wrong: "word" is a required property'),
        ('{"word": 1}', {"word": 1}, 'the arguments are wrong: word: 1 is not of type "string"'),
        ('{"word": "refuse"}', {"word": "refuse"}, "it will not say that"),
        ('{"word": "break"}', {"word": "break"}, "the tool failed"),
        ('{"word": "a', {}, "the arguments are not a JSON object"),
        ("[]", {}, "the arguments are not a JSON object"),
        ("null", {}, "the arguments are not a JSON object"),
        ("[" * 5000, {}, "the arguments are not a JSON object"),
        ('{"word": "\\ud800"}', {}, "the arguments are not a JSON object"),
        ('{"word": "\ud800"}', {}, "the arguments are not a JSON object"),
        ('{"word": "' + "x" * MAX_ARGUMENTS + '"}', {}, f"the arguments have more than {MAX_ARGUMENTS} characters"),
    ],
)
def test_a_call_that_fails_says_why_to_the_model_and_to_a_person(arguments: str, args: Any, error: str) -> None:
    assert run(arguments) == ToolResult(args, f"Error: {error}", f"echo failed: {error}.", None, error)


def test_an_unknown_tool_fails() -> None:
    assert run("{}", "rm") == ToolResult(
        {}, "Error: there is no such tool", "rm failed: there is no such tool.", None, "there is no such tool"
    )
    assert run("{}", "").error == "there is no such tool"
    assert len(run("{}", "x" * 10_000).summary) < MAX_SUMMARY


def test_a_tool_that_hangs_is_given_up() -> None:
    assert run('{"word": "hang"}', seconds=0.1).error == "the tool did not finish in time"


def test_a_cancelled_call_is_cancelled() -> None:
    async def cancel() -> bool:
        with anyio.move_on_after(0.1) as scope:
            await Toolbox([Echo()], 60).run("echo", '{"word": "hang"}')
        return scope.cancelled_caught

    assert anyio.run(cancel)


def test_what_a_tool_says_is_bounded_and_can_be_stored() -> None:
    result = run(json.dumps({"word": "a\0b" * 500, "times": 100}))
    assert len(result.content) == MAX_CONTENT
    assert result.content.endswith("…")
    assert len(result.preview or "") == MAX_PREVIEW
    assert len(result.summary) == MAX_SUMMARY
    assert "\0" not in result.content + result.summary + (result.preview or "")


def test_an_error_about_the_arguments_is_bounded() -> None:
    assert len(run(json.dumps({"word": "w", "y" * 4000: 1})).error or "") <= MAX_SUMMARY


def test_web_search_is_offered_only_where_there_is_a_server_for_it() -> None:
    assert [tool.name for tool in make_toolbox(ChatSettings()).tools] == ["fetch_url"]
    assert [tool.name for tool in make_toolbox(ChatSettings(search_url="http://s")).tools] == [
        "web_search",
        "fetch_url",
    ]


def test_the_allowed_hosts_come_from_the_settings() -> None:
    box = make_toolbox(ChatSettings(fetch_allow=" Localhost , 127.0.0.9"))
    assert anyio.run(box.run, "fetch_url", '{"url": "http://127.0.0.1/"}').error == "the address is not a public one"
    found = anyio.run(box.run, "fetch_url", '{"url": "http://127.0.0.9:1/"}')
    assert found.error == "the page's server could not be reached"


@pytest.mark.parametrize("arguments", ['{"url": ""}', '{"url": 7}', "{}", '{"url": "http://a", "x": 1}'])
def test_the_arguments_of_fetch_url_are_checked(arguments: str) -> None:
    result = anyio.run(make_toolbox(ChatSettings()).run, "fetch_url", arguments)
    assert (result.error or "").startswith("the arguments are wrong: ")
