"""Whether the database can be worked with, as /readyz asks. Nothing is written to find out: a small
write succeeds on a full disk, since PostgreSQL grows its files by need.
"""

from typing import Final

import asyncpg

from caseway.store.migrate import HEAD, current_revision
from caseway.store.queries import load
from caseway.store.reached import UNREACHED

SQL: Final = load("readiness")


async def database_trouble(pool: "asyncpg.Pool[asyncpg.Record]") -> str:
    """Empty: none."""
    try:
        async with pool.acquire() as link:
            takes_writes = await SQL["takes_writes"].fetchval(link)
            revision = await current_revision(link)
    except UNREACHED as failure:
        return f"the database does not answer ({type(failure).__name__})"
    if not takes_writes:
        return "the database takes no writes: it is a standby, or was set to read-only"
    if revision is None or revision < HEAD:
        return f"the schema is {revision}, this version needs {HEAD}"
    return ""
