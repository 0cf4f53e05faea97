"""`POST /v1/completions` of any server that speaks OpenAI's: vLLM, TGI, Triton, llama.cpp.

What such servers send differs. A chunk may hold several tokens, none (an empty text), or no choice at all (the usage);
the first may be missing; the last has a `finish_reason`, and without one the answer is not whole. `ctx` is not looked
at: the format has no word for it, and the server refuses a prompt that is longer than its context.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any

import anyio
import msgspec
import openai

from streamcontract.services.outgoing import make_http_client
from streamcontract.services.tasks.engines.chunks import chunks
from streamcontract.services.tasks.engines.engine import Job
from streamcontract.services.tasks.engines.faults import (
    PoolError,
    cut,
    message_of,
    of_error,
    of_exception,
    of_status,
)
from streamcontract.services.tasks.engines.pieces import Pieces
from streamcontract.services.tasks.engines.retrying import Retries, retrying, told_wait
from streamcontract.services.tasks.engines.sampling import profile_of, seed_of

__all__ = ["OpenAIEngine"]

UNFINISHED = frozenset({"abort", "error"})
"""What some servers call the reason when they stopped, and not the model."""

STRICT: Mapping[str, Mapping[str, Any]] = {"llamacpp": {"cache_prompt": False}}
"""What the same tokens need beyond OpenAI's format, by engine; see `llamacpp`."""


class _Choice(msgspec.Struct):
    index: int | None = None
    text: str | None = None
    finish_reason: str | None = None


class _Chunk(msgspec.Struct):
    choices: list[_Choice] | None = None


class OpenAIEngine:
    """A server that speaks OpenAI's completions; `url` with or without `/v1`. `model`: its name there, or the job's."""

    def __init__(self, url: str, key: str, *, engine: str, model: str, silence: float, retries: Retries) -> None:
        self._engine, self._model, self._key, self._retries = engine, model, key, retries
        self._client = openai.AsyncOpenAI(
            base_url=url if url.endswith("/v1") else f"{url}/v1",
            api_key=key or "none",
            max_retries=0,  # it would retry what we do, by another rule, and nothing after the headers
            http_client=make_http_client(silence, kept=0),
        )
        self._client.organization = self._client.project = None  # the SDK reads OpenAI's from the environment
        self._completions = self._client.completions  # imported when it is first named: now, not in the first job

    async def tokens(self, job: Job) -> AsyncGenerator[str, None]:
        """The tokens as they come; a token is what the server sends at a time. Raises EngineError."""
        asked = self._asked(job)
        async with aclosing(retrying(lambda: self._attempt(job, asked), self._retries)) as tokens:
            async for token in tokens:
                yield token

    async def close(self) -> None:
        """Close all connections."""
        await self._client.close()

    def _asked(self, job: Job) -> dict[str, Any]:
        profile, seed = profile_of(job), seed_of(job)
        return {
            "model": self._model or named(job.model_ref),
            "prompt": job.prompt,
            "max_tokens": job.max_tokens,
            "temperature": profile.temperature,
            "top_p": profile.top_p,
            **({} if seed is None else {"seed": seed}),
            **({"extra_body": STRICT[self._engine]} if job.strict and self._engine in STRICT else {}),
        }

    async def _attempt(self, job: Job, asked: dict[str, Any]) -> AsyncGenerator[str, None]:
        begun = False
        try:
            # The SDK would make an object of each chunk, which costs some 200 µs; the bytes are read as elsewhere here.
            response = (await self._completions.with_raw_response.create(**asked, stream=True)).http_response
            begun = True
            try:
                found = chunks(response, _Chunk, secret=self._key)
                async with aclosing(found), aclosing(_tokens(found, job)) as tokens:
                    async for token in tokens:
                        yield token
            finally:
                with anyio.CancelScope(shield=True):
                    await response.aclose()
        except Exception as error:
            failed = self._fault(error, begun=begun)
            if failed is None:
                raise
            raise failed from None  # what it was may hold the key

    def _fault(self, error: Exception, *, begun: bool) -> PoolError | None:
        """The error for what the SDK raised."""
        match error:
            case openai.APIStatusError():
                # 404 is also how a model that is not there is told; where the client named it, it can name another.
                status = 422 if error.status_code == 404 and not self._model else error.status_code
                said = message_of(error.body) or error.response.text
                wait = told_wait(error.response.headers.get("Retry-After"))
                return of_status(status, said, retry_after_ms=wait, secret=self._key)
            case openai.APIConnectionError() if isinstance(error.__cause__, Exception):
                return of_exception(error.__cause__, begun=begun, secret=self._key)
            case openai.APIError():
                return of_error(error.body, secret=self._key)
        return of_exception(error, begun=begun, secret=self._key)


def named(model_ref: str) -> str:
    """What stands behind the scheme of a reference to a model."""
    return model_ref.partition(":")[2].removeprefix("//")


async def _tokens(found: AsyncIterator[_Chunk], job: Job) -> AsyncGenerator[str, None]:
    """The tokens of a stream. Raises PoolError."""
    pieces = Pieces(job.max_tokens)
    async for chunk in found:
        finish = None
        for choice in chunk.choices or ():
            if choice.index not in {0, None}:
                continue  # one answer was asked for
            for token in pieces.feed(choice.text or ""):
                yield token
            finish = choice.finish_reason or finish
        if finish in UNFINISHED:
            raise cut(f"finish_reason is {finish}")
        if finish or pieces.full:
            for token in pieces.end():
                yield token
            return
    raise cut("the stream ended without a finish_reason")
