"""The handlers of contracts/dedupe.yaml."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from functools import lru_cache
from typing import Any

from streamcontract.server import Problem
from streamcontract.services.bearer import is_known, tokens_of
from streamcontract.services.dedupe.chunks import InvalidRequestError, Prepared, prepare
from streamcontract.services.dedupe.embedders import Embedder, make_embedder
from streamcontract.services.dedupe.pipeline import StageError, run
from streamcontract.services.dedupe.settings import get_settings
from streamcontract.services.dedupe.types import DedupeAnswer, Failure, Progress
from streamcontract.services.dedupe.workers import in_thread, limited_threads, waiting
from streamcontract.wire.events import Event

__all__ = ["auth_required", "bearer_info", "dedupe", "dedupe_stream", "health", "lifespan"]

RETRY_AFTER = "5"


async def dedupe(body: dict[str, Any]) -> DedupeAnswer:
    """POST /v1/dedupe."""
    prepared = await _prepare(body)
    try:
        async with aclosing(_run(prepared)) as items:
            async for item in items:
                if isinstance(item, DedupeAnswer):
                    return item
    except StageError as error:
        raise Problem(500, f"{error.stage}: {error}") from error
    raise AssertionError("the last item is the answer")


async def dedupe_stream(body: dict[str, Any]) -> AsyncIterator[Event]:
    """POST /v1/dedupe/stream."""
    prepared = await _prepare(body)
    try:
        async with aclosing(_run(prepared)) as items:
            async for item in items:
                yield Event("complete" if isinstance(item, DedupeAnswer) else "progress", item)
    except StageError as error:
        yield Event("error", Failure(str(error), error.stage))


def auth_required() -> bool:
    """Keys are asked for when the server was given some."""
    return bool(tokens_of(get_settings().api_keys))


def bearer_info(token: str) -> Mapping[str, Any] | None:
    """Whether this is one of the keys."""
    return {"sub": "key"} if is_known(token, get_settings().api_keys) else None


@asynccontextmanager
async def lifespan() -> AsyncIterator[None]:
    """Settings that cannot work are told at the start, not by the first request."""
    _embedder()
    with limited_threads(get_settings().threads):
        yield


async def health() -> Mapping[str, Any]:
    """What makes the vectors, and how much waits for a process."""
    return {"embedder": _embedder().name, "waiting": waiting()}


def _run(prepared: Prepared) -> AsyncGenerator[Progress | DedupeAnswer, None]:
    settings = get_settings()
    return run(prepared, _embedder(), batch=settings.batch, seconds=settings.seconds)


async def _prepare(body: dict[str, Any]) -> Prepared:
    """The work to do. Raises Problem: 400 for what is wrong with it, 503 when too much waits already."""
    if waiting() > get_settings().waiting:
        raise Problem(503, "too much work is waiting", headers={"Retry-After": RETRY_AFTER})
    try:
        prepared = await in_thread(prepare, body)
    except InvalidRequestError as error:
        found = [{"pointer": pointer, "detail": detail} for pointer, detail in error.errors]
        raise Problem(400, "; ".join(f"{e['pointer']}: {e['detail']}" for e in found[:3]), errors=found) from error
    _check_lengths(prepared)
    return prepared


def _check_lengths(prepared: Prepared) -> None:
    """Vectors of the client and of the embedder can only be compared when they have one length."""
    mixed = any(chunk.embedding is None for chunk in prepared.suffix)
    made, sent = _embedder().dimensions, prepared.dimensions
    if mixed and sent is not None and made is not None and sent != made:
        detail = f"some chunks bring vectors of {sent} numbers, and the embedder that makes the others makes {made}"
        raise Problem(400, detail, errors=[{"pointer": "#/chunks", "detail": detail}])


@lru_cache(maxsize=1)
def _embedder() -> Embedder:
    return make_embedder(get_settings())
