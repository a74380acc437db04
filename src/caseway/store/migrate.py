"""Brings a database to the schema of this version, and says which one it has.

Only `migrate` needs Alembic, which costs a quarter of a small process's memory: it is
imported inside it, and everybody else asks `current_revision`.
"""

from datetime import timedelta
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final

import asyncpg

from caseway.store.roles import ensure_roles

if TYPE_CHECKING:
    from sqlalchemy import Connection as AlchemyConnection

    from caseway.store.queries import Connection

HEAD: Final = "0001"  # a test compares it with the files in migrations/versions
# What the first revision runs: the same for ever once it is released, and until then it changes.
FIRST: Final = ("schema.sql", "migrations/pgqueuer.sql", "migrations/queue_grants.sql")
LOCK: Final = 0x_CA5E_3A41  # any number, the same for ever: one migration at a time
TURN: Final = timedelta(minutes=10)  # how long to wait for another migration
LOCK_LIMIT: Final = timedelta(seconds=5)  # for a table: whoever waits makes others wait
STATEMENT_LIMIT: Final = timedelta(minutes=30)


class OtherBeginning(Exception):
    """The database was made by another first revision than ours; the text says what to do."""


def first_schema() -> str:
    """A short name of what the first revision runs: another one when that changes."""
    package = files("caseway.store")
    return sha256(b"".join(package.joinpath(name).read_bytes() for name in FIRST)).hexdigest()[:16]


async def check_beginning(connection: "Connection") -> None:
    """Raises `OtherBeginning` for a database of a development version whose first schema differs.

    Its revision has the same name as ours and its tables are others: every query could fail.
    """
    found = await connection.fetchrow(
        "SELECT obj_description(oid, 'pg_class') AS beginning FROM pg_class"
        " WHERE oid = to_regclass('alembic_version')"
    )
    if found is not None and found["beginning"] != first_schema():
        raise OtherBeginning(
            "This database was made by a development version with another schema, and between "
            "two of those there is no migration. Nothing was changed in it. Begin with an empty "
            "database or data folder (for `caseway demo`: move its folder away, or name another "
            "one with --data), or go back to the version that made it."
        )


async def current_revision(connection: "Connection") -> str | None:
    """The schema's revision; None for a database that was never migrated."""
    try:
        found = await connection.fetchval("SELECT version_num FROM alembic_version")
    except asyncpg.UndefinedTableError:
        return None
    return None if found is None else str(found)


async def migrate(dsn: str) -> list[str]:
    """Run every revision that is missing, as the owner; returns their names, oldest first.

    Raises `RolesRefused` if the login may not make the two roles, `OtherBeginning`.
    """
    connection = await asyncpg.connect(dsn)
    try:
        # In a transaction, so that it also holds behind a pooler; kept open to the end.
        async with connection.transaction():
            await connection.execute(
                f"SET LOCAL lock_timeout = {_milliseconds(TURN)}; "
                "SET LOCAL idle_in_transaction_session_timeout = 0"
            )
            await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
            await check_beginning(connection)
            return await _run(dsn)
    finally:
        await connection.close()


async def _run(dsn: str) -> list[str]:
    from sqlalchemy.ext.asyncio import create_async_engine
    from sqlalchemy.pool import NullPool

    async def connect() -> "asyncpg.Connection[asyncpg.Record]":
        connection = await asyncpg.connect(dsn)
        await connection.execute(
            f"SET lock_timeout = {_milliseconds(LOCK_LIMIT)}; "
            f"SET statement_timeout = {_milliseconds(STATEMENT_LIMIT)}"
        )
        await ensure_roles(connection)
        return connection

    # asyncpg reads the address itself: SQLAlchemy understands fewer of its forms.
    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


def _upgrade(connection: "AlchemyConnection") -> list[str]:
    from alembic import command
    from alembic.config import Config
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    configuration = Config(attributes={"connection": connection})
    configuration.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    before = MigrationContext.configure(connection).get_current_revision()
    connection.rollback()  # the question opened a transaction that Alembic would not end
    script = ScriptDirectory.from_config(configuration)
    missing = [found.revision for found in script.iterate_revisions("head", before or "base")]
    command.upgrade(configuration, "head")
    return missing[::-1]


def _milliseconds(limit: timedelta) -> int:
    return limit // timedelta(milliseconds=1)
