"""Run by Alembic; the connection comes from whoever calls it."""

from alembic import context

from streamcontract.services.chat.store.tables import METADATA

__all__ = ["run"]


def run() -> None:
    """Run the migrations that Alembic has chosen, in the transaction that is open already."""
    context.configure(
        connection=context.config.attributes["connection"], target_metadata=METADATA, compare_server_default=True
    )
    with context.begin_transaction():
        context.run_migrations()


run()
