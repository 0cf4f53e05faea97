"""What a broker does: it holds the queue, the logs and the sessions, and nothing of them is held anywhere else.

Every method is one step: it is done whole and for good when it returns, or not at all. So a task is in one of three
states, `waiting`, `running` or `ended`, and its log, which only grows, is `started` first, `end` or `error` last, and
nothing behind that, whoever writes: a worker, a client that cancels, the queue that drops it, or its deadline.
"""

from collections.abc import AsyncGenerator, Sequence
from enum import Enum
from typing import Literal, Protocol

import msgspec

from streamcontract.services.tasks.task import Admission, Budgets, Entry, Key, Lease, Standing, Task

__all__ = [
    "Broker",
    "BrokerError",
    "Limits",
    "LostError",
    "Refusal",
    "RefusedError",
    "SessionState",
    "UnknownError",
    "View",
]


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator allows. Times in seconds but where the name says otherwise."""

    capacity: int
    policy: Literal["reject", "drop-lru"]
    slots: int
    """Tasks that run at a time, as far as this process knows."""
    lease: float
    retention: float
    session: float
    budgets: Budgets
    cost_per_token: float


class Refusal(Enum):
    """Why a task was not accepted."""

    EXISTS = "exists"
    FULL = "queue-full"
    DEADLINE = "deadline"
    TOKENS = "budget-tokens"
    TIME = "budget-time"
    COST = "budget-cost"


class RefusedError(Exception):
    """A task was not accepted.

    `retriable`: it may be as it is, after `retry_after_ms`; a budget that is spent does not come back.
    `predicted_start_ms` says when it would have started.
    """

    def __init__(
        self, refusal: Refusal, *, retriable: bool = True, retry_after_ms: int = 1, predicted_start_ms: int = 0
    ) -> None:
        self.refusal, self.retriable = refusal, retriable
        self.retry_after_ms, self.predicted_start_ms = max(1, retry_after_ms), predicted_start_ms
        super().__init__(refusal.value)


class UnknownError(Exception):
    """There is no such task or session, or not any more, or it is somebody else's."""


class BrokerError(Exception):
    """What stands behind the broker does not answer. Nothing was done, as far as is known."""


class LostError(Exception):
    """The task is not this worker's any more: it has ended meanwhile (cancelled, its deadline), or another has it.

    Or a part of its log was lost behind the broker; then it was ended by `error` WORKER_RESET.
    """


class View(msgspec.Struct, frozen=True):
    """What is known of a task before its stream: the number of its last entry, whether that ended it, its budgets."""

    last: int
    ended: bool
    budgets: Budgets


class SessionState(msgspec.Struct, frozen=True):
    """A session as getSession shows it."""

    ttl_ms: int
    turns: int
    warm: bool
    budgets: Budgets


class Broker(Protocol):
    """Where tasks wait, who runs them, and what has happened to them. All raise BrokerError."""

    # For clients -----------------------------------------------------------------------------------------------------

    async def admit(self, task: Task) -> Admission:
        """Accept a task, so that it is not lost any more. Raises RefusedError.

        Looked at in this order: EXISTS, the budgets, DEADLINE, FULL. With `drop-lru` the one that has waited longest,
        batch first, is ended by `error` QUEUE_FULL_DROP_LRU in the same step. Budgets: tokens (and their cost) are
        reserved, `max_tokens` for each open task of the session, so that the sum is never overdrawn; time is refused
        once it is used up. What is told as left has only what was spent taken off. A session is made, or kept for
        another while; one with open tasks lives on.
        """

    async def cancel(self, key: Key) -> None:
        """End a task by `end` with `canceled`, unless it has ended already. Raises UnknownError."""

    async def view(self, key: Key) -> View:
        """Raises UnknownError."""

    def follow(self, key: Key, after: int) -> AsyncGenerator[Sequence[Entry], None]:
        """The log behind an entry, as it grows, up to its end. Raises UnknownError when it is gone."""

    async def session(self, key: Key) -> SessionState:
        """Raises UnknownError."""

    async def forget(self, key: Key) -> None:
        """Delete a session; its tasks go on, and no session pays for them any more. Raises UnknownError."""

    # For workers -----------------------------------------------------------------------------------------------------

    async def take(self, worker: str, seconds: float) -> Lease | None:
        """The next task, interactive first, first come first served; waits for one so long. Logs its `started`.

        Whoever is cancelled while a task is given to it still gets it.

        `worker` names a process, which takes as many at a time as `Limits.slots` says.

        A task whose worker was lost before its first token waits again in its old place; one whose worker was lost
        behind it is ended by `error` WORKER_RESET.
        """

    async def renew(self, lease: Lease) -> None:
        """Say that the worker is alive; to be done several times in `Limits.lease`. Raises LostError."""

    async def write(self, lease: Lease, events: Sequence[tuple[str, str]], tokens: int) -> None:
        """Add events (symbol and data) to the log, of which so many are tokens; these are spent. None of them ends it.

        A task that is past its deadline is ended by that, here and in `renew` and `finish`, and lost.

        Raises LostError.
        """

    async def finish(self, lease: Lease, event: tuple[str, str] | None = None) -> None:
        """End a task: by the `error` given, or by `end`, which tells its tokens and its time. Raises LostError."""

    async def release(self, lease: Lease) -> None:
        """Give a task back, as the worker stops: it waits again in its old place, or ends by `error` WORKER_RESET."""

    async def standing(self, key: Key) -> Standing:
        """How things stand for a task. Raises UnknownError."""

    # For whoever keeps house -----------------------------------------------------------------------------------------

    async def sweep(self) -> None:
        """End what is past its deadline by `error` DEADLINE_UNMET, waiting or running; look for lost workers; drop what
        nobody needs any more. To be done several times a second.
        """

    async def depth(self) -> int:
        """Tasks that wait."""

    async def ping(self) -> None:
        """Whether what stands behind it answers, and can be written."""
