"""Keeping house, as steps on the tables: what is late, what nobody runs, what nobody needs."""

from sqlalchemy import Connection, bindparam, delete, select, update

from streamcontract.services.tasks.brokers.embedded.steps import Steps
from streamcontract.services.tasks.brokers.embedded.tables import SESSIONS, TASKS, State
from streamcontract.services.tasks.brokers.endings import OVERDUE

__all__ = ["Keeping"]

AWAY = 1.0
"""Seconds; who looks several times a second, and has not for so long, was stopped, and so were the workers."""
CLEANING = 2.0
"""Seconds between two looks for what is old."""
BATCH = 200
"""Old tasks, with their logs, that one step drops at most: bounds how long other steps wait for it."""

_RUNNING = TASKS.c.state == State.RUNNING
_OPEN = TASKS.c.state.in_((State.WAITING, State.RUNNING))
_LATE = select(TASKS).where(_OPEN, TASKS.c.deadline <= bindparam("now_"))
_SILENT = select(TASKS).where(_RUNNING, TASKS.c.seen <= bindparam("then_"))
_EXCUSE = update(TASKS).where(_RUNNING).values(seen=bindparam("now_"))
_OLD = select(TASKS.c.number).where(TASKS.c.state == State.ENDED, TASKS.c.ended <= bindparam("then_")).limit(BATCH)
_OLD_TASKS = delete(TASKS).where(TASKS.c.number.in_(_OLD))
_OLD_SESSIONS = delete(SESSIONS).where(
    SESSIONS.c.used <= bindparam("then_"), SESSIONS.c.number.not_in(select(TASKS.c.session).where(_OPEN))
)


class Keeping:
    """What is done now and then, beside the steps."""

    def __init__(self, steps: Steps) -> None:
        self._steps, self._limits = steps, steps.limits
        self._swept = self._cleaned = 0.0

    def recover(self, connection: Connection, now: float) -> None:
        """Nobody runs anything, as the process has just started."""
        for row in connection.execute(select(TASKS).where(_RUNNING)).all():
            self._steps.give_back(connection, row, now)

    def sweep(self, connection: Connection, now: float) -> None:
        """End what is late, give back what nobody runs, drop what nobody needs."""
        self._excuse(connection, now)
        for row in connection.execute(_LATE, {"now_": now}).all():
            self._steps.end(connection, row, OVERDUE, now)
        for row in connection.execute(_SILENT, {"then_": now - self._limits.lease}).all():
            self._steps.give_back(connection, row, now)
        if abs(now - self._cleaned) >= CLEANING:
            self._clean(connection, now)

    def _excuse(self, connection: Connection, now: float) -> None:
        """Where the process slept, or the clock was set, silence says nothing: all are asked anew."""
        # A worker speaks four times in a lease: a pause of less than half of one cannot cost it its task.
        if abs(now - self._swept) > max(AWAY, self._limits.lease / 2):
            connection.execute(_EXCUSE, {"now_": now})
        self._swept = now

    def _clean(self, connection: Connection, now: float) -> None:
        dropped = connection.execute(_OLD_TASKS, {"then_": now - self._limits.retention}).rowcount
        connection.execute(_OLD_SESSIONS, {"then_": now - self._limits.session})
        if dropped < BATCH:  # else there is more, for the next time
            self._cleaned = now
