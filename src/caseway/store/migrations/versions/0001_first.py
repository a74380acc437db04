"""The first schema: our tables with their policies, and PgQueuer's in a schema of its own.

The roles that the policies name exist already: `caseway.store.migrate` sees to that.
"""

from alembic import op

from caseway.store.migrate import FIRST, first_schema
from caseway.store.migrations.script import run_script

revision = "0001"
down_revision = None


def upgrade() -> None:
    for name in FIRST:
        run_script(name)
    op.execute("GRANT SELECT ON alembic_version TO caseway_sync, caseway_web")
    op.execute(f"COMMENT ON TABLE alembic_version IS '{first_schema()}'")


def downgrade() -> None:
    raise NotImplementedError(
        "There is no way back from a migration: the older schema has no room for what was "
        "written since. Restore a backup that was made before it (caseway restore)."
    )
