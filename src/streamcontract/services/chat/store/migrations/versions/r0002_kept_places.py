"""A chat counts its rows and characters, and a call keeps the place of its answer.

Two streams on one chat would else put their rows between each other's, and a chat could grow without bound.
"""

import sqlalchemy as sa
from alembic import op

__all__ = ["upgrade"]

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the columns, and count what is there."""
    op.add_column("chats", sa.Column("next_position", sa.Integer, nullable=False, server_default="0"))
    op.add_column("chats", sa.Column("size", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("llm_calls", sa.Column("answer_position", sa.Integer))
    op.create_index("ix_llm_calls_status_started_at", "llm_calls", ["status", "started_at"])
    op.execute(
        "UPDATE chats SET"
        " next_position = (SELECT COALESCE(MAX(position) + 1, 0) FROM messages WHERE chat_id = chats.id),"
        " size = (SELECT COALESCE(SUM(LENGTH(content)), 0) FROM messages WHERE chat_id = chats.id)"
    )
    op.execute("UPDATE llm_calls SET answer_position = (SELECT position FROM messages WHERE call_id = llm_calls.id)")
