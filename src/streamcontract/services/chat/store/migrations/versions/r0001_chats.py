"""Chats, their messages, calls and tool calls."""

import sqlalchemy as sa
from alembic import op

__all__ = ["upgrade"]

revision = "0001"
down_revision = None

KEY = sa.String(64)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "chats",
        sa.Column("id", KEY, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_chats"),
    )
    op.create_index("ix_chats_created_at_id", "chats", ["created_at", "id"])
    op.create_table(
        "llm_calls",
        sa.Column("id", KEY, nullable=False),
        sa.Column("chat_id", KEY, nullable=False),
        sa.Column("provider", sa.String(32), nullable=False),
        sa.Column("model", sa.String(256), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("input_tokens", sa.BigInteger),
        sa.Column("output_tokens", sa.BigInteger),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("latency_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_llm_calls"),
        sa.ForeignKeyConstraint(["chat_id"], ["chats.id"], name="fk_llm_calls_chat_id", ondelete="CASCADE"),
    )
    op.create_index("ix_llm_calls_chat_id", "llm_calls", ["chat_id"])
    op.create_table(
        "messages",
        sa.Column("id", KEY, nullable=False),
        sa.Column("chat_id", KEY, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("name", sa.String(256)),
        sa.Column("call_id", KEY),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_messages"),
        sa.ForeignKeyConstraint(["chat_id"], ["chats.id"], name="fk_messages_chat_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["call_id"], ["llm_calls.id"], name="fk_messages_call_id", ondelete="CASCADE"),
        sa.UniqueConstraint("chat_id", "position", name="uq_messages_chat_id_position"),
        sa.UniqueConstraint("call_id", name="uq_messages_call_id"),
    )
    op.create_table(
        "tool_calls",
        sa.Column("id", KEY, nullable=False),
        sa.Column("call_id", KEY, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
        sa.Column("args", sa.Text, nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("result_preview", sa.Text),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("duration_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tool_calls"),
        sa.ForeignKeyConstraint(["call_id"], ["llm_calls.id"], name="fk_tool_calls_call_id", ondelete="CASCADE"),
        sa.UniqueConstraint("call_id", "number", name="uq_tool_calls_call_id_number"),
    )
