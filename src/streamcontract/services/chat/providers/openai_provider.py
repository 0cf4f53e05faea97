"""OpenAI's chat completions, as OpenAI, xAI, llama.cpp, vLLM and Ollama stream them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx2
import msgspec
import openai

from streamcontract.services.chat.providers.call import SdkStream, Times, make_http_client
from streamcontract.services.chat.providers.faults import CUT, WITHHELD, SdkErrors
from streamcontract.services.chat.providers.provider import Completion, Message, ProviderError, ToolRequest
from streamcontract.services.chat.providers.reading import (
    MAX_ARGUMENTS,
    MAX_CALLS,
    MAX_NAME,
    Item,
    Pieces,
    clean,
    too_long,
    usage,
)
from streamcontract.services.chat.providers.sdk_provider import SdkProvider

__all__ = ["OpenAIReading", "make_openai", "openai_messages"]

OFFICIAL = {"api.openai.com", "api.x.ai"}
"""These have renamed `max_tokens` to `max_completion_tokens`; many compatible servers know only the old name."""

ERRORS = SdkErrors(openai.OpenAIError, openai.APIStatusError, openai.APITimeoutError, openai.APIConnectionError)

NOT_IN_NAMES = re.compile(r"[\s<|\\/>]")


def make_openai(name: str, base_url: str, key: str, times: Times, retries: int) -> SdkProvider:
    """A provider that speaks OpenAI's format at this base URL."""
    official = httpx2.URL(base_url).host in OFFICIAL
    client = openai.AsyncOpenAI(
        base_url=base_url, api_key=key, max_retries=retries, http_client=make_http_client(times)
    )
    if name != "openai":
        client.organization = client.project = None  # the SDK reads OpenAI's from the environment

    completions = client.chat.completions  # imported when it is first named: now, and not in the first request

    async def opening(completion: Completion) -> SdkStream:
        parameters: dict[str, Any] = {
            "model": completion.model,
            "messages": openai_messages(completion.messages),
            "temperature": completion.temperature,
            "max_completion_tokens" if official else "max_tokens": completion.max_tokens,
            "tools": [{"type": "function", "function": msgspec.to_builtins(tool)} for tool in completion.tools] or None,
        }
        given = {key: value for key, value in parameters.items() if value is not None}
        stream: SdkStream = await completions.create(**given, stream=True, stream_options={"include_usage": True})
        return stream

    return SdkProvider(name, opening, OpenAIReading, ERRORS, times, key, client.close)


def openai_messages(messages: tuple[Message, ...]) -> list[dict[str, Any]]:
    """The conversation in OpenAI's form."""
    return [_message(message) for message in messages]


def _message(message: Message) -> dict[str, Any]:
    if message.role == "tool":
        if message.request_id is not None:
            return {"role": "tool", "tool_call_id": message.request_id, "content": message.content}
        # A client's own tool result: nobody asked for it here, and OpenAI refuses a `tool` message without its request.
        return {"role": "user", "content": f"Result of the tool {message.name or 'of the user'}:\n{message.content}"}
    made: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.name:
        made["name"] = NOT_IN_NAMES.sub("_", message.name)[:64]
    if message.requests:
        made["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.requests
        ]
    return made


class _Function(msgspec.Struct):
    name: str | None = None
    arguments: str | None = None


class _Call(msgspec.Struct):
    index: int | None = None
    id: str | None = None
    function: _Function | None = None


class _Delta(msgspec.Struct):
    content: str | None = None
    refusal: str | None = None
    tool_calls: list[_Call] | None = None


class _Choice(msgspec.Struct):
    index: int | None = None
    delta: _Delta | None = None
    finish_reason: str | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class _Chunk(msgspec.Struct):
    choices: list[_Choice] | None = None
    usage: _Usage | None = None


@dataclass(slots=True)
class _Open:
    """A tool call whose pieces still come."""

    id: str
    name: str
    arguments: list[str]
    size: int = 0


class OpenAIReading:
    """Chunks in, items out. A chunk may lack its role, its choices, or the ids that came before."""

    def __init__(self) -> None:
        self._pieces = Pieces()
        self._calls: list[_Open] = []
        self._at: dict[int, _Open] = {}
        self._usage: _Usage | None = None
        self._finish: str | None = None

    def feed(self, event: Any) -> Iterator[Item]:
        """What one chunk brings. Raises msgspec.ValidationError when it is none."""
        chunk = msgspec.convert(event, _Chunk, from_attributes=True)
        self._usage = chunk.usage or self._usage
        for choice in chunk.choices or ():
            if choice.index not in {0, None}:
                continue  # one answer was asked for
            self._finish = choice.finish_reason or self._finish
            delta = choice.delta or _Delta()
            yield from self._pieces.feed(delta.content)
            yield from self._pieces.feed(delta.refusal)  # the model's own words, in place of an answer
            for call in delta.tool_calls or ():
                self._add(call)

    def end(self) -> Iterator[Item]:
        """The tool calls and the usage. Raises ProviderError when the model did not finish."""
        yield from self._pieces.end()
        if self._finish is None:
            raise ProviderError(CUT, f"{CUT}: the stream ended without a finish_reason")
        if self._finish == "content_filter":
            raise ProviderError(WITHHELD, f"{WITHHELD}: finish_reason is content_filter")
        if self._finish == "length" and self._calls:
            raise too_long("the limit of tokens was reached inside a tool call")
        yield from self._requests()
        told = self._usage
        if told and told.prompt_tokens is not None and told.completion_tokens is not None:
            yield usage(told.prompt_tokens, told.completion_tokens)

    def _add(self, piece: _Call) -> None:
        function = piece.function or _Function()
        at = piece.index if piece.index is not None else max(len(self._calls) - 1, 0)
        call = self._at.get(at)
        # Some servers give every call the index 0; a new id together with a name is a new call all the same.
        if call is None or (piece.id and function.name and piece.id != call.id):
            if len(self._calls) == MAX_CALLS:
                raise too_long(f"more than {MAX_CALLS} tool calls")
            call = self._at[at] = _Open(piece.id or "", function.name or "", [])
            self._calls.append(call)
        call.id = call.id or piece.id or ""
        call.name = call.name or function.name or ""
        call.arguments.append(function.arguments or "")
        call.size += len(function.arguments or "")
        if call.size > MAX_ARGUMENTS:
            raise too_long(f"a tool call's arguments have more than {MAX_ARGUMENTS} characters")

    def _requests(self) -> Iterator[ToolRequest]:
        """The calls in the order in which they began, each with an id of its own."""
        seen: set[str] = set()
        for call in self._calls:
            told = clean(call.id)[:MAX_NAME]
            made = told if told and told not in seen else f"call_{uuid4().hex}"
            seen.add(made)
            yield ToolRequest(made, clean(call.name)[:MAX_NAME], clean("".join(call.arguments)))
