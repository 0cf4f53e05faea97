"""The tables. Times are milliseconds since 1970, UTC, so that a duration is a difference of whole numbers."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, MetaData, String, Table, Text, UniqueConstraint

__all__ = ["CHATS", "LLM_CALLS", "MESSAGES", "METADATA", "TOOL_CALLS"]

METADATA = MetaData(
    naming_convention={  # so that migrations can name what they change, on every database
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)
KEY = String(64)


def _child_of(table: str) -> ForeignKey:
    return ForeignKey(f"{table}.id", ondelete="CASCADE")


CHATS = Table(
    "chats",
    METADATA,
    Column("id", KEY, primary_key=True),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("next_position", Integer, nullable=False, server_default="0"),
    Column("size", BigInteger, nullable=False, server_default="0"),
    Index(None, "created_at", "id"),
)
"""`next_position` is where the next message goes; `size` counts the characters of all messages."""

LLM_CALLS = Table(
    "llm_calls",
    METADATA,
    Column("id", KEY, primary_key=True),
    Column("chat_id", KEY, _child_of("chats"), nullable=False),
    Column("provider", String(32), nullable=False),
    Column("model", String(256), nullable=False),
    Column("status", String(16), nullable=False),
    Column("error", Text),
    Column("input_tokens", BigInteger),
    Column("output_tokens", BigInteger),
    Column("started_at", BigInteger, nullable=False),
    Column("latency_ms", BigInteger),
    Column("answer_position", Integer),
    Index(None, "chat_id"),
    Index(None, "status", "started_at"),
)
"""`answer_position` is the place that was kept for the answer when the call began; null on calls older than that."""

MESSAGES = Table(
    "messages",
    METADATA,
    Column("id", KEY, primary_key=True),
    Column("chat_id", KEY, _child_of("chats"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("role", String(16), nullable=False),
    Column("content", Text, nullable=False),
    Column("name", String(256)),
    Column("call_id", KEY, _child_of("llm_calls")),
    Column("created_at", BigInteger, nullable=False),
    UniqueConstraint("chat_id", "position"),
    UniqueConstraint("call_id"),
)
"""`call_id` is set on answers: one of a call at most."""

TOOL_CALLS = Table(
    "tool_calls",
    METADATA,
    Column("id", KEY, primary_key=True),
    Column("call_id", KEY, _child_of("llm_calls"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("summary", Text, nullable=False),
    Column("args", Text, nullable=False),
    Column("error", Text),
    Column("result_preview", Text),
    Column("started_at", BigInteger, nullable=False),
    Column("duration_ms", BigInteger, nullable=False),
    UniqueConstraint("call_id", "number"),
)
"""`args` is JSON text: as text it may hold what a database's own JSON type refuses."""
