"""How many events came, by outcome and minute: counted after the fact, in the worker."""

from datetime import timedelta
from typing import Final

import asyncpg

from caseway.store.queries import load

SQL: Final = load("event_log")
# A receiver's commit takes at most 4 s, a sweep's page about as long: later than this none comes.
MARGIN: Final = timedelta(seconds=30)
MOST_AT_ONCE: Final = timedelta(minutes=30)  # of a backlog, in one transaction
MINUTES_KEPT: Final = timedelta(days=2)


class PostgresEventCounts:
    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", *, margin: timedelta = MARGIN) -> None:
        self._pool = pool
        self._margin = margin

    async def count(self) -> int:
        """Counts what came since; how many minutes were closed. An outcome that a look changes
        later is counted as it stood.
        """
        closed = 0
        while stretch := await self._stretch():
            closed += stretch
        return closed

    async def _stretch(self) -> int:
        async with self._pool.acquire() as link, link.transaction():
            row = await SQL["to_count"].fetchrow(link, margin=self._margin)
            if row is None or row["until"] <= row["through"]:
                return 0
            until = min(row["until"], row["through"] + MOST_AT_ONCE)
            if not await SQL["count_through"].fetchval(link, was=row["through"], until=until):
                return 0  # another worker counts it
            await SQL["add_counts"].execute(link, since=row["through"], until=until)
            # CRASH HERE: neither counted nor moved on; whoever is next counts it.
        return int((until - row["through"]) / timedelta(minutes=1))

    async def prune(self, *, keep_events: int) -> None:
        """In days."""
        await SQL["prune_counts"].execute(
            self._pool, minutes=MINUTES_KEPT, hours=timedelta(days=keep_events)
        )
