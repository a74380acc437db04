"""How often somebody called the webhook with a wrong token."""

from collections.abc import Mapping
from typing import Final

import asyncpg

from caseway.ports import Later
from caseway.store.queries import load

SQL: Final = load("refusals")


class PostgresRefusals:
    """Runs as `caseway_sync`: a wrong token belongs to no organisation."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    async def add(self, refusals: Mapping[tuple[str, str], int]) -> None:
        try:
            await SQL["add"].execute(
                self._pool,
                public_names=[name for name, _ in refusals],
                sources=[source for _, source in refusals],
                refusals=list(refusals.values()),
            )
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as failure:
            reason = f"the store cannot be reached ({type(failure).__name__})"
            raise Later(reason, maybe_taken=True) from failure
