"""Sessions, as steps on the tables: what they may spend, and what they have."""

from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update

from streamcontract.services.tasks.brokers.broker import Limits, Refusal, RefusedError, SessionState, UnknownError
from streamcontract.services.tasks.brokers.embedded.tables import SESSIONS, TASKS, State
from streamcontract.services.tasks.task import Budgets, Key, Task

__all__ = ["budgets_of", "check_budgets", "enter", "forget", "is_warm", "session_state", "spend"]

_BY_KEY = select(SESSIONS).where(SESSIONS.c.key == bindparam("key_"))
_BY_NUMBER = select(SESSIONS).where(SESSIONS.c.number == bindparam("number_"))
_RESERVED = select(func.count(), func.coalesce(func.sum(TASKS.c.most - TASKS.c.tokens), 0)).where(
    TASKS.c.session == bindparam("number_"), TASKS.c.state < State.ENDED
)
_SPEND = (
    update(SESSIONS)
    .where(SESSIONS.c.number == bindparam("number_"))
    .values(
        used=bindparam("now_"),
        turns=SESSIONS.c.turns + bindparam("turns_"),
        tokens=SESSIONS.c.tokens + bindparam("tokens_"),
        milliseconds=SESSIONS.c.milliseconds + bindparam("milliseconds_"),
    )
)
_DELETE = delete(SESSIONS).where(SESSIONS.c.key == bindparam("key_"))
COST_DIGITS = 9
"""Of what is told: a sum of many small costs is no more exact than that."""


def check_budgets(connection: Connection, limits: Limits, task: Task, now: float, mean_ms: int) -> None:
    """Raises RefusedError when a budget does not allow a task, those that are open having what they may need.

    What is only reserved may be free again once a task has run, which takes `mean_ms`; what is spent is gone for good.
    """
    row = _named(connection, limits, task.session, now)
    left, asked, price = _left(limits, row), task.request.max_tokens, limits.cost_per_token
    needed = asked + (connection.execute(_RESERVED, {"number_": row.number}).one()[1] if row is not None else 0)
    checks = (
        (Refusal.TOKENS, needed <= left.tokens, asked <= left.tokens),
        (Refusal.TIME, left.time_ms > 0, left.time_ms > 0),
        (Refusal.COST, _cost(needed, price) <= left.cost, _cost(asked, price) <= left.cost),
    )
    for refusal, holds, alone in checks:
        if not holds:
            used = now if row is None else row.used
            until = mean_ms if alone else round((used + limits.session - now) * 1000)
            raise RefusedError(refusal, retriable=alone, retry_after_ms=until)


def _cost(tokens: int, price: float) -> float:
    return round(tokens * price, COST_DIGITS)


def budgets_of(connection: Connection, limits: Limits, number: int, now: float) -> Budgets:
    """What is left to a session; all of it to one that is not there any more."""
    row = connection.execute(_BY_NUMBER, {"number_": number}).first()
    return _left(limits, _alive(connection, limits, row, now))


def is_warm(connection: Connection, number: int) -> bool:
    """Whether an engine may still hold what the session's last task has read."""
    row = connection.execute(_BY_NUMBER, {"number_": number}).first()
    return row is not None and row.tokens > 0


def session_state(connection: Connection, limits: Limits, key: Key, now: float) -> SessionState:
    """Raises UnknownError."""
    row = _named(connection, limits, key, now)
    if row is None:
        raise UnknownError(key)
    ttl = max(0, round((row.used + limits.session - now) * 1000))
    return SessionState(ttl, row.turns, row.tokens > 0, _left(limits, row))


def enter(connection: Connection, limits: Limits, key: Key, now: float) -> int:
    """A task is accepted in a session, which is made when it is not there. Returns the session's number."""
    row = _named(connection, limits, key, now)
    if row is not None:
        number: int = row.number
    else:
        connection.execute(_DELETE, {"key_": key})
        values: dict[str, Any] = {"key": key, "used": now, "turns": 0, "tokens": 0, "milliseconds": 0}
        number = connection.execute(insert(SESSIONS).returning(SESSIONS.c.number), values).scalar_one()
    spend(connection, number, now, turns=1)
    return number


def spend(
    connection: Connection, number: int, now: float, *, turns: int = 0, tokens: int = 0, milliseconds: int = 0
) -> None:
    """Note what was used; nothing where the session was deleted meanwhile."""
    values = {"turns_": turns, "tokens_": tokens, "milliseconds_": milliseconds}
    connection.execute(_SPEND, {"number_": number, "now_": now, **values})


def forget(connection: Connection, limits: Limits, key: Key, now: float) -> None:
    """Raises UnknownError."""
    if _named(connection, limits, key, now) is None:
        raise UnknownError(key)
    connection.execute(_DELETE, {"key_": key})


def _left(limits: Limits, row: Row[Any] | None) -> Budgets:
    allowed = limits.budgets
    if row is None:
        return allowed
    return Budgets(
        tokens=max(0, allowed.tokens - row.tokens),
        time_ms=max(0, allowed.time_ms - row.milliseconds),
        cost=max(0.0, round(allowed.cost - row.tokens * limits.cost_per_token, COST_DIGITS)),
    )


def _named(connection: Connection, limits: Limits, key: Key, now: float) -> Row[Any] | None:
    return _alive(connection, limits, connection.execute(_BY_KEY, {"key_": key}).first(), now)


def _alive(connection: Connection, limits: Limits, row: Row[Any] | None, now: float) -> Row[Any] | None:
    """A session that was used in time, or has a task that is open; others are dropped a while later."""
    if row is None or row.used > now - limits.session:
        return row
    return row if connection.execute(_RESERVED, {"number_": row.number}).one()[0] else None
