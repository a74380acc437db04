"""Limits shared by all processes."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import asyncpg

from caseway.domain.ids import OrganisationId
from caseway.ports import Limit
from caseway.store.queries import load
from caseway.store.transactions import transaction

SQL: Final = load("rates")


class Full(Exception):
    """Takes back what the transaction has counted so far."""

    def __init__(self, limit: Limit, wait: timedelta) -> None:
        super().__init__(limit.subject)
        self.limit = limit
        self.wait = wait


class PostgresRates:
    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    async def take(
        self, organisation: OrganisationId, limits: Sequence[Limit]
    ) -> tuple[Limit, timedelta] | None:
        try:
            async with transaction(self._pool, organisation) as link:
                # In one order for everybody, or two callers could wait for each other.
                for limit in sorted(limits, key=lambda each: each.subject):
                    row = await SQL["take"].fetchrow(
                        link,
                        organisation=organisation,
                        subject=limit.subject,
                        window=limit.window,
                    )
                    _check(limit, row)
        except Full as full:
            return full.limit, full.wait
        return None


def _check(limit: Limit, row: asyncpg.Record | None) -> None:
    if row is not None and row["used"] > limit.most:
        raise Full(limit, row["left"])
