"""What happens to a task, as steps on the tables: it is accepted, given to a worker, logged, and ended once."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update
from sqlalchemy.dialects import sqlite

from streamcontract.services.tasks.brokers.broker import Limits, LostError, Refusal, RefusedError, UnknownError
from streamcontract.services.tasks.brokers.embedded.sessions import budgets_of, check_budgets, enter, is_warm, spend
from streamcontract.services.tasks.brokers.embedded.tables import ASKED, ENTRIES, FIGURES, TASKS, State
from streamcontract.services.tasks.brokers.endings import DROPPED, LOST, OVERDUE, UNREADABLE
from streamcontract.services.tasks.brokers.prediction import UNMEASURED, backoff_ms, mean_after, predicted_start_ms
from streamcontract.services.tasks.task import Admission, Entry, Key, Lease, Task, ended
from streamcontract.services.tasks.types import Started

__all__ = ["Steps"]

PAGE = 500
"""Entries that are read at a time."""

_DEPTH = select(func.count()).where(TASKS.c.state == State.WAITING)
_AHEAD = _DEPTH.where(TASKS.c.rank <= bindparam("rank_"))
_RUNNING = select(func.count()).where(TASKS.c.state == State.RUNNING)
_BY_KEY = select(TASKS).where(TASKS.c.key == bindparam("key_"))
_QUEUE = select(TASKS).where(TASKS.c.state == State.WAITING)
_NEXT = _QUEUE.order_by(TASKS.c.rank, TASKS.c.number).limit(1)
_VICTIM = _QUEUE.order_by(TASKS.c.rank.desc(), TASKS.c.number).limit(1)
_ASKED = select(ASKED.c.body).where(ASKED.c.task == bindparam("number_"))
_ANSWERED = delete(ASKED).where(ASKED.c.task == bindparam("number_"))
_SERVICE = select(FIGURES.c.value).where(FIGURES.c.name == "service")
_UPDATE = update(TASKS).where(TASKS.c.number == bindparam("number_"))
_ENTER = insert(ENTRIES)
_MEASURED = sqlite.insert(FIGURES)
_MEASURE = _MEASURED.on_conflict_do_update(index_elements=["name"], set_={"value": _MEASURED.excluded.value})
_BEHIND = (
    select(ENTRIES)
    .where(ENTRIES.c.task == bindparam("number_"), ENTRIES.c.number > bindparam("after_"))
    .order_by(ENTRIES.c.number)
    .limit(PAGE)
)


class Steps:
    """The steps under some limits. `changed` are the keys of tasks whose log has grown since somebody looked last."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.changed: set[Key] = set()
        self.arrived = False
        """Whether a task has begun to wait since somebody looked last."""

    # A task comes ----------------------------------------------------------------------------------------------------

    def admit(self, connection: Connection, task: Task, now: float) -> Admission:
        """Raises RefusedError."""
        limits, request = self.limits, task.request
        if connection.execute(_BY_KEY, {"key_": task.key}).first() is not None:
            raise RefusedError(Refusal.EXISTS)
        check_budgets(connection, limits, task, now, round((self._mean(connection) or UNMEASURED) * 1000))
        depth = self.depth(connection)
        full = depth >= limits.capacity
        victim = connection.execute(_VICTIM).one() if full and limits.policy == "drop-lru" else None
        gone = int(victim is not None and victim.rank <= task.rank)
        position, predicted, backoff = self._outlook(connection, task, depth, gone)
        if predicted > request.deadline_ms:
            after = predicted - request.deadline_ms
            raise RefusedError(Refusal.DEADLINE, retry_after_ms=after, predicted_start_ms=predicted)
        if victim is not None:
            self.end(connection, victim, DROPPED, now)
        elif full:
            raise RefusedError(Refusal.FULL, retry_after_ms=backoff, predicted_start_ms=predicted)
        session = enter(connection, limits, task.session, now)
        values = {"key": task.key, "session": session, "rank": task.rank, "state": State.WAITING}
        values |= {"position": position, "predicted": predicted, "most": request.max_tokens, "turn": 0}
        values |= {"tokens": 0, "last": 0, "deadline": now + request.deadline_ms / 1000}
        number = connection.execute(insert(TASKS).returning(TASKS.c.number), values).scalar_one()
        connection.execute(insert(ASKED), {"task": number, "body": msgspec.json.encode(task)})
        self.arrived = True
        return Admission(position, predicted, backoff, budgets_of(connection, limits, session, now))

    def _outlook(self, connection: Connection, task: Task, depth: int, gone: int) -> tuple[int, int, int]:
        """How many wait ahead of a task that comes now, when it will start, and when to come again, in milliseconds."""
        ahead = connection.execute(_AHEAD, {"rank_": task.rank}).scalar_one() - gone
        running = connection.execute(_RUNNING).scalar_one()
        slots, mean = self.limits.slots, self._mean(connection)
        backoff = backoff_ms(depth - gone + 1, running, slots, mean)
        return ahead, predicted_start_ms(ahead, running, slots, mean), backoff

    # It runs ---------------------------------------------------------------------------------------------------------

    def take(self, connection: Connection, worker: str, now: float) -> Lease | None:
        """The next task, if one waits. One that cannot be read is ended by that."""
        while row := connection.execute(_NEXT).first():
            try:
                body = connection.execute(_ASKED, {"number_": row.number}).scalar()
                task = msgspec.json.decode(body or b"", type=Task)
            except msgspec.DecodeError:
                self.end(connection, row, UNREADABLE, now)
            else:
                return self._lease(connection, row, task, worker, now)
        return None

    def _lease(self, connection: Connection, row: Row[Any], task: Task, worker: str, now: float) -> Lease:
        values = {"state": State.RUNNING, "worker": worker, "turn": row.turn + 1}
        values |= {"seen": now, "counted": now, "started": now}
        connection.execute(_UPDATE, {"number_": row.number, **values})
        self._start_log(connection, row)
        return Lease(task, worker, row.turn + 1, row.deadline - now, is_warm(connection, row.session))

    def renew(self, connection: Connection, lease: Lease, now: float) -> None:
        """Raises LostError."""
        self._spend(connection, self._mine(connection, lease, now), 0, now, now)

    def write(
        self, connection: Connection, lease: Lease, events: Sequence[tuple[str, str]], tokens: int, now: float
    ) -> None:
        """Raises LostError."""
        row = self._mine(connection, lease, now)
        self._log(connection, row, row.last, events)
        self._spend(connection, row, tokens, now, now, last=row.last + len(events))

    def _spend(
        self, connection: Connection, row: Row[Any], tokens: int, until: float, now: float, **changes: object
    ) -> None:
        """Its worker is alive, and has used the time until then since this was last done; what else changes."""
        since = max(0, round((until - row.counted) * 1000))
        values = {"tokens": row.tokens + tokens, "seen": now, "counted": row.counted + since / 1000}
        connection.execute(_UPDATE, {"number_": row.number, **values, **changes})
        spend(connection, row.session, now, tokens=tokens, milliseconds=since)

    def finish(self, connection: Connection, lease: Lease, event: tuple[str, str] | None, now: float) -> None:
        """Raises LostError."""
        self.end(connection, self._mine(connection, lease, now), event, now)

    def release(self, connection: Connection, lease: Lease, now: float) -> None:
        """A task whose worker goes, or is lost."""
        try:
            self.give_back(connection, self._mine(connection, lease, now), now)
        except LostError:
            return

    def give_back(self, connection: Connection, row: Row[Any], now: float) -> None:
        """A task that runs is nobody's any more."""
        if row.tokens:
            self.end(connection, row, LOST, now)
        else:
            until = min(now, row.seen + self.limits.lease)
            self._spend(connection, row, 0, until, now, state=State.WAITING, worker=None)
            self.arrived = True

    def _mine(self, connection: Connection, lease: Lease, now: float) -> Row[Any]:
        """The task of a lease. One that is past its deadline is ended."""
        row = connection.execute(_BY_KEY, {"key_": lease.task.key}).first()
        if row is None or row.state != State.RUNNING or (row.worker, row.turn) != (lease.worker, lease.turn):
            raise LostError(lease.task.key)
        if row.deadline <= now:
            self.end(connection, row, OVERDUE, now)
            raise LostError(lease.task.key)
        return row

    # It ends ---------------------------------------------------------------------------------------------------------

    def cancel(self, connection: Connection, key: Key, now: float) -> None:
        """Raises UnknownError."""
        row = self.row(connection, key)
        if row.state != State.ENDED:
            self.end(connection, row, None, now, canceled=True)

    def end(
        self,
        connection: Connection,
        row: Row[Any],
        event: tuple[str, str] | None,
        now: float,
        *,
        canceled: bool = False,
    ) -> None:
        """The one way by which a task ends, in whatever state it was."""
        ran = max(0.0, now - row.started) if row.state == State.RUNNING else 0.0
        last = self._start_log(connection, row)
        final = event or ended(row.tokens, round(ran * 1000), canceled=canceled)
        self._log(connection, row, last, [final])
        values = {"state": State.ENDED, "ended": now, "worker": None, "last": last + 1}
        if row.state == State.RUNNING:
            self._spend(connection, row, 0, now, now, **values)
            mean = mean_after(self._mean(connection), ran)
            connection.execute(_MEASURE, {"name": "service", "value": mean})
        else:
            connection.execute(_UPDATE, {"number_": row.number, **values})
        connection.execute(_ANSWERED, {"number_": row.number})

    def _mean(self, connection: Connection) -> float | None:
        """Seconds that tasks run."""
        found: float | None = connection.execute(_SERVICE).scalar()
        return found

    # Its log ---------------------------------------------------------------------------------------------------------

    def _start_log(self, connection: Connection, row: Row[Any]) -> int:
        """Log `started` unless that was done before. Returns the number of the last entry then."""
        if row.last:
            return int(row.last)
        said = msgspec.json.encode(Started(row.position, row.predicted)).decode()
        self._log(connection, row, 0, [("started", said)])
        connection.execute(_UPDATE, {"number_": row.number, "last": 1})
        return 1

    def _log(self, connection: Connection, row: Row[Any], last: int, events: Sequence[tuple[str, str]]) -> None:
        entries = [
            {"task": row.number, "number": number, "symbol": symbol, "data": data}
            for number, (symbol, data) in enumerate(events, last + 1)
        ]
        if entries:
            connection.execute(_ENTER, entries)
        self.changed.add(row.key)

    def page(self, connection: Connection, key: Key, after: int) -> tuple[list[Entry], bool]:
        """Entries behind one, and whether there will never be more than those. Raises UnknownError."""
        row = self.row(connection, key)
        found = connection.execute(_BEHIND, {"number_": row.number, "after_": after}).all()
        entries = [Entry(entry.number, entry.symbol, entry.data) for entry in found]
        last = entries[-1].number if entries else after
        return entries, row.state == State.ENDED and last >= row.last

    def row(self, connection: Connection, key: Key) -> Row[Any]:
        """Raises UnknownError."""
        row = connection.execute(_BY_KEY, {"key_": key}).first()
        if row is None:
            raise UnknownError(key)
        return row

    def depth(self, connection: Connection) -> int:
        """How many wait."""
        return connection.execute(_DEPTH).scalar_one()

    def ping(self, connection: Connection, now: float) -> None:
        """Write something."""
        connection.execute(_MEASURE, {"name": "ping", "value": now})
