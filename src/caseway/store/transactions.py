"""The web's door to the rows: a transaction that sees one organisation alone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from uuid import UUID

from caseway.domain.ids import OrganisationId
from caseway.ports import Later
from caseway.store.reached import AWAY

if TYPE_CHECKING:
    import asyncpg

    from caseway.store.queries import Connection as Link


@asynccontextmanager
async def transaction(
    pool: "asyncpg.Pool[asyncpg.Record]", organisation: OrganisationId
) -> AsyncIterator["Link"]:
    """The web's only door to the rows: everything in it sees this organisation alone.

    Raises `Later` while the store cannot be reached; after the commit was asked for it may have
    worked, and the sender's repeat finds its own trace.
    """
    try:
        async with _bound(pool, organisation, "BEGIN") as connection:
            yield connection
    except AWAY as failure:
        reason = f"the store cannot be reached ({type(failure).__name__})"
        raise Later(reason, maybe_taken=True) from failure


@asynccontextmanager
async def moment(
    pool: "asyncpg.Pool[asyncpg.Record]", organisation: OrganisationId
) -> AsyncIterator["Link"]:
    """As `transaction`, to read only: every statement in it sees one moment of the rows."""
    try:
        async with _bound(
            pool, organisation, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        ) as connection:
            yield connection
    except AWAY as failure:
        reason = f"the store cannot be reached ({type(failure).__name__})"
        raise Later(reason, maybe_taken=False) from failure


@asynccontextmanager
async def _bound(
    pool: "asyncpg.Pool[asyncpg.Record]", organisation: OrganisationId, begin: str
) -> AsyncIterator["Link"]:
    async with pool.acquire() as connection:
        try:
            # One message, so it is safe behind a transaction pooler. `organisation` is a UUID.
            # Whoever hangs up meanwhile may have begun it all the same.
            await connection.execute(
                f"{begin}; SET LOCAL caseway.organisation = '{UUID(str(organisation))}'"
            )
            yield connection
        except BaseException:
            if not connection.is_closed():
                await connection.execute("ROLLBACK")
            raise
        await connection.execute("COMMIT")
