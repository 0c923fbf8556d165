"""Run by alembic: migrate over the connection that `schema.upgrade` gives."""

from alembic import context

from xmppd.storage.sql_tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
