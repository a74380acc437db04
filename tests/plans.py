"""How many rows a statement reads, for tests of what it costs after a year."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from uuid import UUID

import asyncpg

from caseway.store.queries import Query
from tests.database import Background, Server

# Foreign keys serve no plan, and checking them takes most of the time.
WITHOUT_REFERENCES: Final = """
DO $do$ DECLARE one record; BEGIN
    FOR one IN SELECT conname, conrelid::regclass AS owner FROM pg_constraint
                WHERE contype = 'f' AND connamespace = 'public'::regnamespace
    LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', one.owner, one.conname); END LOOP;
END $do$;
-- Ids are made of numbers, so that a statement can name the row it wants.
CREATE FUNCTION pg_temp.id(kind text, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS
    $$ SELECT md5(kind || n)::uuid $$;
"""


def days_before(days: int) -> str:
    """Statements that make room for the events of the days before today."""
    return f"""
DO $do$ BEGIN
    FOR day IN 1..{days} LOOP
        EXECUTE format('CREATE TABLE webhook_event_past%s PARTITION OF webhook_event'
            || ' FOR VALUES FROM (%L) TO (%L)', day,
            (current_date - day)::timestamp AT TIME ZONE 'UTC',
            (current_date - day + 1)::timestamp AT TIME ZONE 'UTC');
    END LOOP;
END $do$;
"""


def made_of(kind: str, number: int) -> UUID:
    """As `pg_temp.id` does."""
    return UUID(hashlib.md5(f"{kind}{number}".encode()).hexdigest())


@contextmanager
def filled(server: Server, template: str, sql: str) -> Iterator[str]:
    """The address of a database of its own that begins with these rows."""
    made = server.create(template)
    background = Background()

    async def fill() -> None:
        connection = await asyncpg.connect(made.dsn)
        await connection.execute(sql)
        await connection.close()

    try:
        background.run(fill())
        yield made.dsn
    finally:
        background.close()
        server.drop(made.name)


async def plan_of(
    dsn: str, query: Query, values: dict[str, Any], organisation: UUID
) -> dict[str, Any]:
    """As its role runs it. What it changes is undone."""
    connection = await asyncpg.connect(dsn, server_settings={"role": str(query.roles[0] or "none")})
    trial = connection.transaction()
    await trial.start()
    await connection.execute(f"SET LOCAL caseway.organisation = '{organisation}'")
    explained = await connection.fetchval(
        f"EXPLAIN (ANALYZE, FORMAT JSON) {query.sql}", *query.args(values)
    )
    await trial.rollback()
    await connection.close()
    [whole] = json.loads(explained)
    plan: dict[str, Any] = whole["Plan"]
    return plan


def read(plan: dict[str, Any]) -> int:
    """Rows that a plan's scans have read, those that a filter threw away included."""
    rows = sum(read(part) for part in plan.get("Plans", ()))
    if "Scan" not in plan["Node Type"] or plan["Node Type"] in {"CTE Scan", "Function Scan"}:
        return rows
    removed = sum(count for name, count in plan.items() if name.startswith("Rows Removed by"))
    return int(rows + (plan["Actual Rows"] + removed) * plan["Actual Loops"])
