"""The tables of the embedded broker. Times are seconds since 1970."""

from enum import IntEnum

from sqlalchemy import Column, Float, ForeignKey, Index, Integer, LargeBinary, MetaData, String, Table

__all__ = ["ASKED", "ENTRIES", "FIGURES", "METADATA", "SESSIONS", "TASKS", "VERSION", "State"]

VERSION = 2
METADATA = MetaData()


class State(IntEnum):
    """Where a task is."""

    WAITING = 0
    RUNNING = 1
    ENDED = 2


TASKS = Table(
    "task",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("key", String, nullable=False, unique=True),
    Column("session", Integer, nullable=False),
    Column("rank", Integer, nullable=False),
    Column("state", Integer, nullable=False),
    Column("position", Integer, nullable=False),
    Column("predicted", Integer, nullable=False),
    Column("most", Integer, nullable=False),
    Column("deadline", Float, nullable=False),
    Column("worker", String),
    Column("turn", Integer, nullable=False),
    Column("seen", Float),
    Column("counted", Float),
    Column("started", Float),
    Column("ended", Float),
    Column("tokens", Integer, nullable=False),
    Column("last", Integer, nullable=False),
    Index("task_session", "session", "state"),
    Index("task_queue", "state", "rank", "number"),
    Index("task_deadline", "state", "deadline"),
    Index("task_ended", "state", "ended"),
    sqlite_autoincrement=True,
)
"""`session`: its number. `most`: max_tokens. `seen`: when its worker was last
heard of; `counted`: up to when its time was taken from the session. `tokens`: how many were logged. `last`: the number
of its last entry.
"""

ASKED = Table(
    "asked",
    METADATA,
    Column("task", ForeignKey("task.number", ondelete="CASCADE"), primary_key=True),
    Column("body", LargeBinary, nullable=False),
)
"""Open tasks, as they came. Apart from the rest, which is written anew with each step: this may be long."""

ENTRIES = Table(
    "entry",
    METADATA,
    Column("task", ForeignKey("task.number", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("symbol", String, nullable=False),
    Column("data", String, nullable=False),
    sqlite_with_rowid=False,
)

SESSIONS = Table(
    "session",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("key", String, nullable=False, unique=True),
    Column("used", Float, nullable=False),
    Column("turns", Integer, nullable=False),
    Column("tokens", Integer, nullable=False),
    Column("milliseconds", Integer, nullable=False),
    Index("session_used", "used"),
    sqlite_autoincrement=True,
)
"""`turns`: tasks accepted. `tokens`, `milliseconds`: spent."""

FIGURES = Table("figure", METADATA, Column("name", String, primary_key=True), Column("value", Float, nullable=False))
"""What is measured: `service`, the mean of the seconds that tasks run; `ping`, when it was last seen that this can be
written.
"""
