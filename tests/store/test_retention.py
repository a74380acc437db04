"""What is kept for a while goes when its time is over, and nothing else does."""

from datetime import UTC, datetime, timedelta
from typing import TypeAlias
from uuid import UUID, uuid4

import asyncpg

from caseway.store.healing import PostgresHealing
from tests import database as ground

Link: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
AGES = (1, 10, 50)  # days


async def rows(link: Link, table: str, at: str, now: datetime) -> set[int]:
    found = await link.fetch(f"SELECT $1::date - {at}::date AS age FROM {table}", now.date())
    return {row["age"] for row in found}


async def partition(link: Link, parent: str, age: int, now: datetime) -> None:
    day = (now - timedelta(days=age)).date()
    await link.execute(
        f"CREATE TABLE {parent}_{day:%Y%m%d} PARTITION OF {parent}"
        f" FOR VALUES FROM ('{day}') TO ('{day + timedelta(days=1)}')"
    )


async def fill(link: Link, organisation: UUID, age: int, now: datetime) -> None:
    at = now - timedelta(days=age)
    await link.execute(
        "INSERT INTO webhook_event (organisation_id, id, connection_id, received_at, outcome)"
        " VALUES ($1, $2, $2, $3, 'accepted')",
        organisation,
        uuid4(),
        at,
    )
    await link.execute(
        "INSERT INTO run (organisation_id, id, conversation_id, connection_id, begun_at, steps)"
        " VALUES ($1, $2, $2, $2, $3, '[]')",
        organisation,
        uuid4(),
        at,
    )
    await link.execute(
        "INSERT INTO refusal_count (public_name, source, day, refusals) VALUES ('x', '', $1, 1)",
        at.date(),
    )


async def test_each_kind_is_kept_for_its_own_time(server: ground.Server, template: str) -> None:
    """Whether a day had its own table, or its rows stand in the one for all others."""
    now = datetime.now(tz=UTC)  # once: a midnight may come meanwhile
    made = server.create(template)
    pool = await asyncpg.create_pool(made.dsn, min_size=1, max_size=2)
    async with pool.acquire() as link:
        for parent in ("webhook_event", "run"):
            await partition(link, parent, 50, now)
        for age in AGES:
            await fill(link, uuid4(), age, now)
    await PostgresHealing(pool).tidy(keep_events=5, keep_ignored=3, keep_runs=20)
    async with pool.acquire() as link:
        assert await rows(link, "webhook_event", "received_at", now) == {1}
        assert await rows(link, "run", "begun_at", now) == {1, 10}
        assert await rows(link, "refusal_count", "day", now) == {1, 10}
    await pool.close()
    server.drop(made.name)
