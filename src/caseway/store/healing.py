"""Who comes back for every state that is not final, and keeps the tables in bounds."""

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import asyncpg

from caseway.domain.ids import ConnectionKey
from caseway.store import rows
from caseway.store.queries import load
from caseway.store.queue import enqueue_all

if TYPE_CHECKING:
    from caseway.store.queries import Connection

SQL: Final = load("healing")
AT_ONCE: Final = 500
LEASE_GRACE: Final = timedelta(milliseconds=200)
QUEUE_LOG_KEPT: Final = timedelta(hours=1)
REFUSALS_KEPT: Final = timedelta(days=30)
RATES_KEPT: Final = timedelta(days=2)
SESSIONS_KEPT: Final = timedelta(days=400)
IDEMPOTENCY_KEPT: Final = timedelta(days=2)


class PostgresHealing:
    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    async def heal(self, *, older_than: timedelta) -> int:
        async with self._pool.acquire() as connection, connection.transaction():
            lost = await SQL["overdue_marks"].fetch(
                connection, older_than=older_than, limit=AT_ONCE
            )
            left = await SQL["abandoned_leases"].fetch(
                connection, older_than=older_than, limit=AT_ONCE
            )
            keys = {rows.key_of(r): None for r in (*lost, *left)}
            await enqueue_all(connection, list(keys))
        return len(keys)

    async def recover(self) -> int:
        """Jobs that a dead worker had in its hands are not waited for: marks and leases tell."""
        async with self._pool.acquire() as connection, connection.transaction():
            due = await SQL["overdue_marks"].fetch(
                connection, older_than=timedelta(0), limit=AT_ONCE * 20
            )
            running = await SQL["running_leases"].fetch(connection, limit=AT_ONCE * 20)
            keys = [rows.key_of(r) for r in (*due, *running)]
            delays = [timedelta(0)] * len(due) + [r["delay"] + LEASE_GRACE for r in running]
            await enqueue_all(connection, keys, delays=delays)
        return len(keys)

    async def bring_forward(self, key: ConnectionKey) -> int:
        """Raises nothing that matters: what is not brought forward comes at its own time."""
        async with self._pool.acquire() as connection, connection.transaction():
            found = await SQL["bring_forward"].fetch(
                connection,
                organisation=key.organisation,
                connection=key.connection,
                limit=AT_ONCE,
            )
            await enqueue_all(connection, [rows.key_of(r) for r in found])
        return len(found)

    async def tidy(self, *, keep_events: int, keep_ignored: int, keep_runs: int) -> None:
        """All in days."""
        async with self._pool.acquire() as connection:
            await SQL["prepare_days"].fetchval(connection, ahead=3)
            await SQL["drop_days"].fetchval(connection, keep=keep_events, keep_runs=keep_runs)
            await self._prune(connection, keep_ignored)

    async def _prune(self, connection: "Connection", keep_ignored: int) -> None:
        await SQL["prune_queue_log"].execute(connection, keep=QUEUE_LOG_KEPT)
        await SQL["prune_ignored"].execute(connection, keep=timedelta(days=keep_ignored))
        await SQL["prune_idempotency"].execute(connection, keep=IDEMPOTENCY_KEPT)
        await SQL["prune_rates"].execute(connection, keep=RATES_KEPT)
        await SQL["prune_refusals"].execute(connection, keep=REFUSALS_KEPT)
        await SQL["prune_sessions"].execute(connection, keep=SESSIONS_KEPT)

    async def backlog(self) -> dict[str, float]:
        row = await SQL["backlog"].fetchrow(self._pool)
        return {} if row is None else {k: float(v or 0) for k, v in row.items()}
