"""llama.cpp's own way: `POST /completion`, as its llama-server streams it.

Its events have no name. Each is `{"content": …, "stop": false, "tokens_predicted": n, "tokens_evaluated": n, …}`, the
last one has `"stop": true`, and an error is `{"error": {"code": …, "message": …, "type": …}}`. `content` is empty while
a character is not whole. An error before the first token is a status of its own, 400 or 500 or 503, with that object.

What the same tokens need (`strict`): a seed, every parameter of the sampler, and a prompt that is read anew
(`cache_prompt`): llama.cpp warns that numbers may differ a little by the batches in which a prompt is read. Jobs that
run at the same time share batches, too; start the server with one slot (`-np 1`) where the same tokens are a must.
"""

import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any

import anyio
import httpx2
import msgspec

from streamcontract.services.outgoing import TooLongError, make_http_client
from streamcontract.services.tasks.engines.chunks import chunks
from streamcontract.services.tasks.engines.engine import Job
from streamcontract.services.tasks.engines.faults import (
    PoolError,
    cut,
    message_of,
    of_exception,
    of_status,
)
from streamcontract.services.tasks.engines.pieces import Pieces
from streamcontract.services.tasks.engines.retrying import Retries, retrying, told_wait
from streamcontract.services.tasks.engines.sampling import profile_of, seed_of

__all__ = ["LlamaCpp"]

MAX_ERROR = 65_536
"""Bytes of an error's body that are read."""

ERROR_SECONDS = 5.0
"""Seconds for them."""

NOTHING_ELSE = {
    "samplers": ["top_k", "top_p", "min_p", "temperature"],
    "mirostat": 0,
    "dynatemp_range": 0.0,
    "response_fields": ["content", "stop", "tokens_predicted", "tokens_evaluated"],
}
"""No other sampler, whatever the server was started with; and the last event without the prompt in it."""


class _Chunk(msgspec.Struct):
    content: str = ""
    stop: bool = False
    tokens_predicted: int = 0
    tokens_evaluated: int = 0


class _Settings(msgspec.Struct):
    n_ctx: int = 0


class _Props(msgspec.Struct):
    default_generation_settings: _Settings


class LlamaCpp:
    """A llama-server, or a balancer in front of several."""

    def __init__(self, url: str, key: str, *, silence: float, retries: Retries) -> None:
        self._retries = retries
        # A connection for each job: llama-server closes those that were used before now and then, and a job takes so
        # long that a new one costs nothing.
        self._client = make_http_client(silence, kept=0)
        self._client.base_url = httpx2.URL(f"{url}/")
        self._key = key
        if key:
            self._client.headers["Authorization"] = f"Bearer {key}"

    async def tokens(self, job: Job) -> AsyncGenerator[str, None]:
        """The tokens as they come; a token is what the server sends at a time. Raises EngineError."""
        asked = body_of(job)
        async with aclosing(retrying(lambda: self._attempt(job, asked), self._retries)) as tokens:
            async for token in tokens:
                yield token

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def _attempt(self, job: Job, asked: dict[str, Any]) -> AsyncGenerator[str, None]:
        begun = False
        try:
            if job.context:
                await self._check_context(job.context)
            async with self._answer("POST", "completion", asked) as response:
                begun = True
                found = chunks(response, _Chunk, secret=self._key)
                async with aclosing(found), aclosing(_tokens(found, job)) as tokens:
                    async for token in tokens:
                        yield token
        except Exception as error:
            failed = of_exception(error, begun=begun, secret=self._key)
            if failed is None:
                raise
            raise failed from None  # what it was may hold the key

    async def _check_context(self, context: int) -> None:
        """Refuse what the server has no room for; one that does not tell is not asked again. Raises PoolError."""
        try:
            async with self._answer("GET", "props") as response:
                has = msgspec.json.decode(await response.aread(), type=_Props).default_generation_settings.n_ctx
        except PoolError as error:
            if error.again:
                raise
            return
        except (ValueError, RecursionError, TooLongError):
            return
        if 0 < has < context:
            told = f"the engine has a context of {has} tokens, and {context} were asked for"
            raise PoolError("INVALID_PARAMS", told)

    @asynccontextmanager
    async def _answer(self, method: str, path: str, asked: Any = None) -> AsyncIterator[httpx2.Response]:
        """The answer to a request, once it is 200. Raises PoolError for any other."""
        response = await self._client.send(self._client.build_request(method, path, json=asked), stream=True)
        try:
            if response.status_code != 200:
                wait = told_wait(response.headers.get("Retry-After"))
                raise of_status(response.status_code, await _said(response), retry_after_ms=wait, secret=self._key)
            yield response
        finally:
            with anyio.CancelScope(shield=True):
                await response.aclose()


def body_of(job: Job) -> dict[str, Any]:
    """What is sent for a job. Raises EngineError."""
    profile, seed = profile_of(job), seed_of(job)
    return {
        "prompt": job.prompt,
        "stream": True,
        "n_predict": job.max_tokens,
        "temperature": profile.temperature,
        "top_k": profile.top_k,
        "top_p": profile.top_p,
        "min_p": profile.min_p,
        **NOTHING_ELSE,
        "cache_prompt": job.reuse and not job.strict,
        **({} if seed is None else {"seed": seed}),
    }


async def _tokens(found: AsyncIterator[_Chunk], job: Job) -> AsyncGenerator[str, None]:
    """The tokens of a stream. Raises PoolError."""
    pieces = Pieces(job.max_tokens)
    async for chunk in found:
        if 0 < job.context <= chunk.tokens_evaluated:
            told = f"the prompt has {chunk.tokens_evaluated} tokens, and the context that was asked for {job.context}"
            raise PoolError("INVALID_PARAMS", told)
        for token in pieces.feed(chunk.content):
            yield token
        used = chunk.tokens_evaluated + chunk.tokens_predicted
        if chunk.stop or pieces.full or 0 < job.context <= used:
            for token in pieces.end():
                yield token
            return
    raise cut("the stream ended without `stop`")


async def _said(response: httpx2.Response) -> str:
    """What an answer that is an error says, as far as it comes soon."""
    found = bytearray()
    with suppress(httpx2.HTTPError, ValueError), anyio.move_on_after(ERROR_SECONDS):
        async for piece in response.aiter_raw():
            found += piece
            if len(found) > MAX_ERROR:
                break
    text = found[:MAX_ERROR].decode("utf-8", "replace")
    with suppress(ValueError, RecursionError):
        return message_of(json.loads(text)) or text
    return text
