"""What signing in and reading the audit log cost after years: no more than on the first day."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from caseway.domain.session import IDLE
from caseway.store.queries import load
from tests.database import Database
from tests.plans import plan_of, read

PEOPLE = 300
ENTRIES = 20_000
OTHERS = 2_000  # organisations
MOST = 51


@pytest.fixture
async def filled(owner_pool: "asyncpg.Pool[asyncpg.Record]") -> UUID:
    """An organisation of many people, each signed in twice, who changed a lot."""
    organisation = uuid4()
    await owner_pool.execute(
        f"""
        INSERT INTO organisation (id, name) VALUES ('{organisation}', 'large');
        INSERT INTO organisation (id, name)
        SELECT md5('other' || n)::uuid, 'other' || n FROM generate_series(1, {OTHERS}) n;
        INSERT INTO connection (organisation_id, id, name, base_url, auth, login, secret)
        SELECT id, gen_random_uuid(), 'north', 'https://x.example', 'oauth', 'x', '' FROM organisation;
        INSERT INTO user_account (organisation_id, id, email, name, role)
        SELECT '{organisation}', md5('user' || n)::uuid, 'user' || n || '@example.com', 'x', 'agent'
          FROM generate_series(1, {PEOPLE}) n;
        INSERT INTO user_session (organisation_id, id, user_id, public_name, digest, expires_at)
        SELECT '{organisation}', gen_random_uuid(), md5('user' || (n / 2 + 1))::uuid,
               lpad(n::text, 8, '0'), '', now() + interval '1 day'
          FROM generate_series(0, {2 * PEOPLE - 1}) n;
        INSERT INTO invitation (organisation_id, id, public_name, digest, kind, email, role,
                                invited_by, expires_at, ended_at)
        SELECT '{organisation}', gen_random_uuid(), lpad(n::text, 8, '0'), '', 'join',
               'guest' || n || '@example.com', 'agent', 'x', now() + interval '7 days',
               CASE WHEN n > 3 THEN now() END
          FROM generate_series(1, 5000) n;
        INSERT INTO audit_entry (organisation_id, id, at, actor, action, subject)
        SELECT '{organisation}', gen_random_uuid(), now() - interval '1 minute' * (n / 4), 'x',
               'thing.changed', 'thing:' || n
          FROM generate_series(1, {ENTRIES}) n;
        ANALYZE;
        """
    )
    return organisation


async def test_the_rows_read_do_not_grow_with_the_years(database: Database, filled: UUID) -> None:
    long_ago = datetime.now(tz=UTC) - timedelta(minutes=ENTRIES // 8)
    user = UUID(hex=hashlib.md5(b"user7").hexdigest())  # as the fixture made them
    asked: list[tuple[str, str, dict[str, Any], int]] = [
        ("audit_log", "newest", {"most": MOST}, MOST),
        ("audit_log", "older", {"most": MOST, "at": long_ago, "id": uuid4()}, MOST + 1),
        ("user_sessions", "list", {"user": user, "idle": IDLE}, 2),
        ("users", "of_id", {"id": user}, 1),
        ("invitations", "list", {}, 6),
    ]
    for subject, name, values, most in asked:
        query = load(subject)[name]
        plan = await plan_of(database.dsn, query, {"organisation": filled, **values}, filled)
        assert read(plan) <= most, (query.name, plan)


async def test_what_is_asked_across_organisations_is_found_by_one_key(
    database: Database, filled: UUID
) -> None:
    """Functions hide their plans, so their statements are explained as they stand in them."""
    connection = await asyncpg.connect(database.dsn)
    try:
        for table, key in (
            ("user_account", "email = 'user7@example.com'"),
            ("user_session", "public_name = '00000007'"),
            ("connection", f"organisation_id = '{filled}' AND removed_at IS NULL"),
            ("invitation", "public_name = '00000007'"),
            ("invitation", "email = 'guest2@example.com' AND ended_at IS NULL AND kind = 'join'"),
        ):
            plan = await connection.fetchval(
                f"EXPLAIN (FORMAT TEXT) SELECT 1 FROM {table} WHERE {key}"
            )
            assert "Index" in plan, (table, plan)
    finally:
        await connection.close()
