"""Anthropic's messages, as Anthropic and compatible servers stream them. No tools are offered here."""

from collections.abc import Iterator
from typing import Any

import anthropic
import httpx2
import msgspec

from streamcontract.services.chat.providers.call import SdkStream, Times, make_http_client
from streamcontract.services.chat.providers.faults import CUT, WITHHELD, SdkErrors
from streamcontract.services.chat.providers.provider import Completion, Message, ProviderError
from streamcontract.services.chat.providers.reading import Item, Pieces, usage
from streamcontract.services.chat.providers.sdk_provider import SdkProvider

__all__ = ["AnthropicReading", "anthropic_messages", "make_anthropic"]

OFFICIAL = "api.anthropic.com"
"""Refuses `temperature` since its version 2026-10-21, and the SDK has dropped it; compatible servers still know it."""

MAX_TOKENS = 4096
"""Asked for when the request has no maxTokens: Anthropic wants a number."""

ERRORS = SdkErrors(
    anthropic.AnthropicError, anthropic.APIStatusError, anthropic.APITimeoutError, anthropic.APIConnectionError
)


def make_anthropic(name: str, base_url: str, key: str, times: Times, retries: int) -> SdkProvider:
    """A provider that speaks Anthropic's format at this base URL."""
    official = httpx2.URL(base_url).host == OFFICIAL
    client = anthropic.AsyncAnthropic(
        base_url=base_url, api_key=key, max_retries=retries, http_client=make_http_client(times)
    )

    asking = client.messages  # imported when it is first named: now, and not in the first request

    async def opening(completion: Completion) -> SdkStream:
        system, messages = anthropic_messages(completion.messages)
        parameters: dict[str, Any] = {"system": system} if system else {}
        if completion.temperature is not None and not official:
            parameters["extra_body"] = {"temperature": completion.temperature}
        stream: SdkStream = await asking.create(
            model=completion.model,
            messages=messages,
            max_tokens=completion.max_tokens or MAX_TOKENS,
            stream=True,
            **parameters,
        )
        return stream

    return SdkProvider(name, opening, AnthropicReading, ERRORS, times, key, client.close)


def anthropic_messages(messages: tuple[Message, ...]) -> tuple[str, list[Any]]:
    """The system text, and the others: from user and assistant in turn, the user first, none empty."""
    system = "\n\n".join(message.content for message in messages if message.role == "system" and message.content)
    turns: list[Any] = []
    for message in messages:
        text = _text(message)
        if message.role == "system" or not text.strip():
            continue
        role = "assistant" if message.role == "assistant" else "user"
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"].append({"type": "text", "text": text})
        else:
            turns.append({"role": role, "content": [{"type": "text", "text": text}]})
    if not turns and system:
        return "", [{"role": "user", "content": [{"type": "text", "text": system}]}]
    if turns and turns[0]["role"] == "assistant":
        turns.insert(0, {"role": "user", "content": [{"type": "text", "text": "(The conversation begins with you.)"}]})
    return system, turns


def _text(message: Message) -> str:
    if message.role != "tool":
        return message.content
    return f"Result of the tool {message.name or 'of the user'}:\n{message.content}"


class _Usage(msgspec.Struct):
    input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    output_tokens: int | None = None


class _Message(msgspec.Struct):
    usage: _Usage | None = None


class _Delta(msgspec.Struct):
    type: str | None = None
    text: str | None = None
    stop_reason: str | None = None


class _Event(msgspec.Struct):
    type: str | None = None
    message: _Message | None = None
    delta: _Delta | None = None
    usage: _Usage | None = None


class AnthropicReading:
    """Events in, items out. `message_start` may be missing; what is not known is left out."""

    def __init__(self) -> None:
        self._pieces = Pieces()
        self._usage: dict[str, int] = {}
        self._stop: str | None = None
        self._stopped = False

    def feed(self, event: Any) -> Iterator[Item]:
        """What one event brings. Raises msgspec.ValidationError when it is none."""
        found = msgspec.convert(event, _Event, from_attributes=True)
        delta = found.delta or _Delta()
        match found.type:
            case "message_start" if found.message:
                self._count(found.message.usage)
            case "content_block_delta" if delta.type == "text_delta":
                yield from self._pieces.feed(delta.text)
            case "message_delta":
                self._stop = delta.stop_reason or self._stop
                self._count(found.usage)
            case "message_stop":
                self._stopped = True

    def end(self) -> Iterator[Item]:
        """The usage. Raises ProviderError when the model did not finish."""
        yield from self._pieces.end()
        if not self._stopped:
            raise ProviderError(CUT, f"{CUT}: the stream ended without message_stop")
        if self._stop == "refusal":
            raise ProviderError(WITHHELD, f"{WITHHELD}: stop_reason is refusal")
        asked = [count for key, count in self._usage.items() if key != "output_tokens"]
        if asked and "output_tokens" in self._usage:
            yield usage(sum(asked), self._usage["output_tokens"])

    def _count(self, counts: _Usage | None) -> None:
        """Counts are cumulative: the last one told stands. Cached tokens are input that `input_tokens` leaves out."""
        told = msgspec.structs.asdict(counts) if counts else {}
        self._usage |= {key: count for key, count in told.items() if count is not None}
