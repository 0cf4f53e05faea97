"""A task, what was said when it was accepted, and how it can end."""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from streamcontract.services.tasks.engines.engine import Job
from streamcontract.services.tasks.types import End, TaskError, TaskRequest

__all__ = ["TERMINAL", "Admission", "Budgets", "Entry", "Key", "Lease", "Standing", "Task", "ended", "failed", "key_of"]

TERMINAL = frozenset({"end", "error"})
"""The symbols with which a task's log ends."""

Key = str
"""A task, or a session, of one owner: `OWNER/UUID`."""


class Task(msgspec.Struct, frozen=True):
    """What was asked, and by whom. `key` and `session` are of the owner's; `request` is as the client sent it."""

    key: Key
    session: Key
    request: TaskRequest

    @property
    def rank(self) -> int:
        """Its class: 0 goes before 1."""
        return 0 if self.request.priority == "interactive" else 1

    @property
    def job(self) -> Job:
        """What the engine is asked to do."""
        asked = self.request
        inputs: Sequence[str] = () if asked.inputs is msgspec.UNSET else asked.inputs
        prompt = "" if asked.prompt is msgspec.UNSET else asked.prompt
        profile = asked.sampler_profile_version
        return Job(
            prompt="\n".join([*([prompt] if prompt else []), *inputs]),
            model_ref=asked.model_ref,
            max_tokens=asked.max_tokens,
            context=asked.ctx,
            seed=None if asked.seed is msgspec.UNSET else asked.seed,
            strict=asked.determinism == "strict",
            sampler_profile="" if profile is msgspec.UNSET else profile,
            reuse=asked.kv_hint == "reuse",
        )


class Budgets(msgspec.Struct, frozen=True):
    """What is left to a session; never below 0. `time_ms` in milliseconds, `cost` in the operator's unit."""

    tokens: int
    time_ms: int
    cost: float


class Admission(msgspec.Struct, frozen=True):
    """What a client was told when its task was accepted. Times in milliseconds."""

    queue_position: int
    predicted_start_ms: int
    backoff_ms: int
    budgets: Budgets


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """One event of a task's log: its number, from 1, which is its id; its symbol; its data, as JSON."""

    number: int
    symbol: str
    data: str


class Lease(msgspec.Struct):
    """A task that was given to a worker to run, until the broker gives it to somebody else.

    `worker` and `turn`, which counts how often the task was given away, tell whose it is: what is written under an
    older turn is refused. `seconds` are left until its deadline. `warm`: the engine may still hold what the session's
    last task has read. `last` is kept by a broker whose store may fall back to an older state: the number of the log's
    last entry, as far as its worker knows.
    """

    task: Task
    worker: str
    turn: int
    seconds: float
    warm: bool = False
    last: int = 0


class Standing(msgspec.Struct, frozen=True):
    """How things stand while a task runs: tasks that wait, and what is left to its session."""

    depth: int
    budgets: Budgets


def key_of(owner: str, id_: str) -> Key:
    """The key of a task or session; a UUID is the same in capitals and without (RFC 9562, 4)."""
    return f"{owner}/{id_.lower()}"


def ended(tokens: int, decode_ms: int, *, canceled: bool = False) -> tuple[str, str]:
    """The symbol and data with which a task ends."""
    return "end", encoded(End(tokens, decode_ms, canceled=True if canceled else msgspec.UNSET))


def failed(
    code: Literal[
        "DEADLINE_UNMET", "QUEUE_FULL_DROP_LRU", "WORKER_RESET", "POOL_UNAVAILABLE", "INVALID_PARAMS", "INTERNAL"
    ],
    message: str,
    engine: Any = msgspec.UNSET,
    *,
    retriable: bool = False,
    retry_after_ms: int | None = None,
) -> tuple[str, str]:
    """The symbol and data with which a task fails."""
    after = msgspec.UNSET if retry_after_ms is None else max(1, retry_after_ms)
    return "error", encoded(TaskError(code, message, engine, retriable, after))


def encoded(value: msgspec.Struct) -> str:
    """The data of an event, as JSON."""
    return msgspec.json.encode(value).decode()
