"""What an engine is: a job in, tokens out."""

from collections.abc import AsyncGenerator
from typing import Literal, Protocol

import msgspec

__all__ = ["Engine", "EngineError", "Job"]


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What an engine needs to know of a task. `context` in tokens, 0: as many as the engine has."""

    prompt: str
    model_ref: str
    max_tokens: int
    context: int = 0
    seed: int | None = None
    strict: bool = False
    """The same job gives the same tokens."""
    sampler_profile: str = ""
    reuse: bool = False
    """Whether the engine may go on from what it still holds of the session."""


class EngineError(Exception):
    """The engine did not do the job. `message` is for clients; `str()`, which has the cause, is for the log.

    `code` is one of the contract's. A job that was not begun may be tried again where `retriable` says so, after
    `retry_after_ms` if that is known.
    """

    def __init__(
        self,
        code: Literal["INVALID_PARAMS", "POOL_UNAVAILABLE", "WORKER_RESET", "INTERNAL"],
        message: str,
        why: str = "",
        *,
        retriable: bool = False,
        retry_after_ms: int | None = None,
    ) -> None:
        self.code, self.message, self.retriable, self.retry_after_ms = code, message, retriable, retry_after_ms
        super().__init__(why or message)


class Engine(Protocol):
    """One server that runs models, or what stands for it."""

    def tokens(self, job: Job) -> AsyncGenerator[str, None]:
        """The tokens of a job, at most `max_tokens` of them, none of them empty. Raises EngineError.

        Closing the generator, or cancelling its task, stops the work at the server.
        """

    async def close(self) -> None:
        """Let go of all connections."""
