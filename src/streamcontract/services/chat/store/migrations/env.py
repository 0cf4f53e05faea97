"""Run by Alembic; the connection comes from whoever calls it."""

from alembic import context

from streamcontract.services.chat.store.tables import METADATA

__all__: list[str] = []

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    compare_server_default=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
