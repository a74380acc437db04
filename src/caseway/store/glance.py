"""How an organisation stands, in one statement."""

from typing import Final

import asyncpg

from caseway.domain.ids import OrganisationId
from caseway.ports.glance import Glanced
from caseway.store.queries import load
from caseway.store.transactions import transaction

SQL: Final = load("glance")
COUNTED_UP_TO: Final = 1000


class PostgresGlances:
    """Bound by the row-level policies."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    async def glance(self, organisation: OrganisationId) -> Glanced:
        async with transaction(self._pool, organisation) as link:
            row = await SQL["glance"].fetchrow(link, organisation=organisation, most=COUNTED_UP_TO)
        assert row is not None  # noqa: S101 - an organisation is never deleted
        return Glanced(
            organisation=row["organisation"],
            connections=row["connections"],
            troubled=row["troubled"],
            unproven=row["unproven"],
            channels=row["channels"],
            heard_channels=row["heard_channels"],
            waiting_channels=row["waiting_channels"],
            owed=row["owed"],
            counted_up_to=COUNTED_UP_TO,
            oldest_owed_at=row["oldest_owed_at"],
        )
