"""What clients are told when something cannot be had, as an ErrorEnvelope; and the headers that tell budgets."""

import math
from collections.abc import Mapping
from typing import Any

import msgspec
import structlog

from streamcontract.server import Problem, new_reference
from streamcontract.services.tasks.brokers.broker import BrokerError, Refusal, RefusedError
from streamcontract.services.tasks.engines.pools import PoolUnavailableError
from streamcontract.services.tasks.settings import TasksSettings
from streamcontract.services.tasks.task import Budgets
from streamcontract.services.tasks.types import Engine, ErrorCode, ErrorEnvelope, TaskRequest

__all__ = [
    "budget_headers",
    "envelope",
    "pool_unavailable",
    "refused",
    "too_many_readers",
    "unavailable",
    "unknown",
]

CODES: Mapping[int, ErrorCode] = {
    401: "UNAUTHORIZED",
    403: "UNAUTHORIZED",
    404: "NOT_FOUND",
    409: "CONFLICT",
    429: "ADMISSION_REJECT",
}
"""The code of a problem that has none of its own; otherwise the client's fault is INVALID_PARAMS, ours INTERNAL."""
RETRIABLE = frozenset({408, 429, 502, 503, 504})
POOL_PAUSE_MS = 5_000
BROKER_PAUSE_MS = 5_000
READERS_PAUSE_MS = 1_000

BUDGETS: Mapping[Refusal, str] = {
    Refusal.TOKENS: "the session's tokens do not suffice for max_tokens, with what its open tasks may still use",
    Refusal.TIME: "the session's time is used up",
    Refusal.COST: "the session's cost budget does not suffice for max_tokens, with what its open tasks may still use",
}

log: Any = structlog.get_logger("streamcontract.tasks")


def budget_headers(left: Budgets) -> dict[str, str]:
    """The headers that tell what is left to a session."""
    return {
        "X-Budget-Tokens-Remaining": str(left.tokens),
        "X-Budget-Time-Remaining-Ms": str(left.time_ms),
        "X-Budget-Cost-Remaining": f"{left.cost:.6f}".rstrip("0").rstrip("."),
    }


def envelope(problem: Problem) -> dict[str, Any]:
    """A problem in this service's shape."""
    known = problem.members
    after = known.get("retry_after_ms") or _seconds(problem.headers.get("Retry-After", "")) * 1000
    status = problem.status
    made = ErrorEnvelope(
        code=known.get("code") or CODES.get(status, "INVALID_PARAMS" if status < 500 else "INTERNAL"),
        message=_message(problem),
        retriable=known.get("retriable", status in RETRIABLE),
        engine=known.get("engine", msgspec.UNSET),
        retry_after_ms=after or msgspec.UNSET,
        policy_label=known.get("policy_label", msgspec.UNSET),
    )
    shown: dict[str, Any] = msgspec.to_builtins(made)
    return shown


def refused(error: RefusedError, request: TaskRequest, settings: TasksSettings) -> Problem:
    """Why a task was not accepted."""
    match error.refusal:
        case Refusal.EXISTS:
            return Problem(409, f"the task_id {request.task_id} was seen before; choose a new one", code="CONFLICT")
        case Refusal.DEADLINE:
            late = f"it would start in {error.predicted_start_ms} ms, and deadline_ms is {request.deadline_ms}"
            return Problem(400, late, code="DEADLINE_UNMET", retriable=True, retry_after_ms=error.retry_after_ms)
        case Refusal.FULL:
            message = f"{settings.queue_capacity} tasks wait already, and there is no room for more"
            return _busy(message, "queue-full", error.retry_after_ms, retriable=True)
        case _:
            later = "ask for less, or come back" if error.retriable else "ask for less, or begin a new session"
            message = f"{BUDGETS[error.refusal]}; {later}"
            return _busy(message, f"session-{error.refusal.value}", error.retry_after_ms, retriable=error.retriable)


def too_many_readers(limit: int) -> Problem:
    """One more stream is not opened."""
    return _busy(f"{limit} streams are open already", "readers", READERS_PAUSE_MS, retriable=True)


def pool_unavailable(error: PoolUnavailableError, engine: Engine) -> Problem:
    """A pool that is not there."""
    return _later(str(error), "POOL_UNAVAILABLE", POOL_PAUSE_MS, engine=engine)


def unavailable(error: BrokerError) -> Problem:
    """What stands behind the service does not answer."""
    reference = new_reference()
    log.error("the broker does not answer", reference=reference, why=str(error)[:2000])
    return _later(f"The queue does not answer. Reference: {reference}", "INTERNAL", BROKER_PAUSE_MS)


def unknown(what: str, id_: str) -> Problem:
    """A task or session that is not there, not any more, or somebody else's."""
    return Problem(404, f"there is no {what} {id_}, or not any more", code="NOT_FOUND")


def _busy(message: str, label: str, after_ms: int, *, retriable: bool) -> Problem:
    """A 429: https://www.rfc-editor.org/rfc/rfc6585#section-4"""
    headers = {"Retry-After": str(math.ceil(after_ms / 1000)), "X-Backoff-Ms": str(after_ms)}
    known: dict[str, Any] = {
        "code": "ADMISSION_REJECT",
        "policy_label": label,
        "retry_after_ms": after_ms,
        "retriable": retriable,
    }
    return Problem(429, message, headers=headers, **known)


def _later(message: str, code: ErrorCode, after_ms: int, **known: Any) -> Problem:
    headers = {"Retry-After": str(math.ceil(after_ms / 1000))}
    return Problem(503, message, headers=headers, code=code, retriable=True, retry_after_ms=after_ms, **known)


def _message(problem: Problem) -> str:
    """What is wrong, one by one where it is told so."""
    found = [f"{error.get('pointer') or error.get('parameter')}: {error['detail']}" for error in problem.errors]
    return "; ".join(found) or problem.detail or problem.title


def _seconds(value: str) -> int:
    return int(value) if value.isdecimal() else 0
