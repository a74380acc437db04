"""Alembic runs this file; `caseway.store.migrate` has put the connection into its hands."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    # Each revision commits by itself: one that waits for a lock holds none of the others'.
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
