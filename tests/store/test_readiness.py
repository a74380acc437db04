"""Whether the database can be worked with, for whoever sends work here."""

import asyncpg

from caseway.store.readiness import database_trouble
from tests.database import Database


async def test_a_database_that_takes_no_writes_is_not_ready_and_says_so(
    database: Database,
) -> None:
    name = database.dsn.rpartition("/")[2].partition("?")[0]
    owner = await asyncpg.connect(database.dsn)
    try:
        async with asyncpg.create_pool(database.dsn, min_size=1, max_size=1) as pool:
            assert await database_trouble(pool) == ""
            # As a provider does before its disk is full; a standby says the same of itself.
            await owner.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
            await pool.expire_connections()
            assert await database_trouble(pool) == (
                "the database takes no writes: it is a standby, or was set to read-only"
            )
            await owner.execute(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')
            await owner.execute("UPDATE alembic_version SET version_num = '0000'")
            await pool.expire_connections()
            assert "the schema is 0000" in await database_trouble(pool)
            await owner.execute("DROP TABLE alembic_version")
            assert "the schema is None" in await database_trouble(pool)
    finally:
        await owner.close()
    assert "the database does not answer (InterfaceError)" in await database_trouble(pool)
