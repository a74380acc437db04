"""What the pages of Events cost where ten million events are kept, and how an export streams."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from statistics import median
from typing import Final
from uuid import uuid4

import aiohttp
import asyncpg

from caseway.bootstrap import open_pool
from caseway.domain.actor import Actor
from caseway.store.people import people_over
from caseway.store.roles import Role
from tests.bench.figures import Figure, Report
from tests.bench.ground import Ground, open_ground
from tests.bench.processes import Postgres, Running
from tests.bench.rows import fill

DAYS: Final = 30
MANY: Final = 10_000_000
FEWER: Final = 300_000  # with --quick
CONVERSATIONS: Final = 100_000
VISITS: Final = 40
GOAL_MS: Final = 50.0
EXPORTED_MIB: Final = 100  # of an export that is read before it is left
DAY: Final = """
CREATE TABLE IF NOT EXISTS webhook_event_{name} PARTITION OF webhook_event
    FOR VALUES FROM ('{day}') TO ('{next}');
ALTER TABLE webhook_event_{name} ENABLE ROW LEVEL SECURITY;
"""
PARTS: Final = """
SELECT to_char(d, 'YYYYMMDD') AS name, d::timestamp AT TIME ZONE 'UTC' AS day,
       (d + 1)::timestamp AT TIME ZONE 'UTC' AS next
  FROM (SELECT current_date - n AS d FROM generate_series(1, {days}) n) past
"""
# Of a hundred events 70 are accepted, 29 ignored and 1 found by the sweep; 3 of all are rejected,
# and one alone is a case_closed.
ROWS: Final = """
INSERT INTO contact (organisation_id, id, name, verified)
VALUES ('{organisation}', pg_temp.named('contact', 0), 'Ines Costa', true);
INSERT INTO conversation (organisation_id, id, connection_id, channel_id, peer, address, contact_id,
                          state, case_id, case_number, wants_case, agreed)
SELECT '{organisation}', pg_temp.named('conversation', n), '{connection}', '{channel}', 'p' || n,
       'p' || n, pg_temp.named('contact', 0), 'human', pg_temp.named('case', n),
       'SR' || lpad(n::text, 8, '0'), true, 'open'
  FROM generate_series(0, {conversations} - 1) n;
INSERT INTO webhook_event (organisation_id, id, connection_id, received_at, found_by, token_name,
                           source, event_type, case_id, conversation_id, outcome, reason, body)
SELECT '{organisation}', pg_temp.named('event', n), '{connection}',
       date_trunc('day', now(), 'UTC') - (n + 1) * (interval '{days} days' / ({events} + 1)),
       CASE WHEN n % 100 = 99 THEN 'sweep' ELSE 'webhook' END, 'bench', '127.0.0.1',
       CASE WHEN n = {events} / 2 THEN 'case_closed' ELSE 'new_activity' END,
       pg_temp.named('case', n % {conversations}),
       CASE WHEN n % 100 < 70 OR n % 100 = 99 THEN pg_temp.named('conversation', n % {conversations}) END,
       CASE WHEN n % ({events} / 3) = 1000 THEN 'rejected' WHEN n % 100 = 99 THEN 'healed'
            WHEN n % 100 < 70 THEN 'accepted' ELSE 'ignored' END,
       CASE WHEN n % 100 BETWEEN 70 AND 98 THEN 'The case is not one of ours. Not an error.' ELSE '' END,
       '{{"event_type": "new_activity", "caseId": "6f9619ff-8b86-d011-b42d-00c04fc964ff"}}'
  FROM generate_series(0, {events} - 1) n;
INSERT INTO event_count (organisation_id, per, at, outcome, events)
SELECT organisation_id, p.per, date_trunc(p.per, received_at, 'UTC'), outcome, count(*)
  FROM webhook_event CROSS JOIN (VALUES ('minute'), ('hour')) AS p(per)
 WHERE p.per = 'hour' OR received_at > now() - interval '2 days'
 GROUP BY 1, 2, 3, 4;
UPDATE event_counted SET through = date_trunc('minute', now());
"""


@dataclass(frozen=True, slots=True)
class Visit:
    what: str
    path: str


async def measure(*, quick: bool) -> Report:
    events = FEWER if quick else MANY
    async with open_ground() as ground:
        began = time.monotonic()
        await _fill(ground, events)
        filled = time.monotonic() - began
        middle, one, conversation = await _places(ground)
        async with (
            ground.serve("--no-worker") as served,
            _visitor(ground, served.address) as client,
        ):
            figures = []
            for visit in _visits(middle, one, conversation):
                figures += await _visited(client, visit, served.process, ground.postgres)
            before = served.process.resident_mib
            rows_s, most = await _exported(client, lambda: served.process.resident_mib)
    return Report(
        bench="events",
        setup=(
            f"{events:,} events of {DAYS} days, a partition a day, {CONVERSATIONS:,} conversations "
            f"(written in {filled:.0f} s); each page {VISITS} times over HTTP, whole, at one client"
        ),
        figures=[
            *figures,
            Figure("export: events a second", rows_s, "/s"),
            Figure(
                f"export: memory gained in {EXPORTED_MIB} MiB", most - before, "MiB", "at most", 40
            ),
        ],
        quick=quick,
    )


async def _fill(ground: Ground, events: int) -> None:
    link = await asyncpg.connect(ground.administrator_dsn)
    try:
        for row in await link.fetch(PARTS.format(days=DAYS)):
            await link.execute(DAY.format(**row))
    finally:
        await link.close()
    await fill(ground, ROWS, conversations=CONVERSATIONS, events=events, days=DAYS)


async def _places(ground: Ground) -> tuple[str, str, str]:
    """A moment in the middle, an event there, and its conversation."""
    link = await asyncpg.connect(ground.administrator_dsn)
    try:
        row = await link.fetchrow(
            "SELECT id, received_at, conversation_id FROM webhook_event"
            " WHERE received_at < now() - interval '15 days' AND conversation_id IS NOT NULL"
            " AND organisation_id = $1 ORDER BY received_at DESC LIMIT 1",
            ground.connection.organisation,
        )
    finally:
        await link.close()
    assert row is not None
    return row["received_at"].isoformat(), str(row["id"]), str(row["conversation_id"])


def _visits(middle: str, one: str, conversation: str) -> list[Visit]:
    until = middle.replace("+", "%2B")
    return [
        Visit("the newest", "/events"),
        Visit("from the middle", f"/events?until={until}"),
        Visit("one rare outcome", "/events?outcome=rejected"),
        Visit("a common outcome, from the middle", f"/events?outcome=ignored&until={until}"),
        Visit("a search that finds nothing", "/events?type=case_closed"),
        Visit("one conversation", f"/events?conversation={conversation}"),
        Visit("30 days", "/events?span=30d"),
        Visit("one event", f"/events/{one}"),
    ]


@asynccontextmanager
async def _visitor(ground: Ground, address: str) -> AsyncIterator[aiohttp.ClientSession]:
    """Somebody who is signed in as owner."""
    user, email = uuid4(), "bench@example.com"
    organisation = ground.connection.organisation
    link = await asyncpg.connect(ground.administrator_dsn)
    try:
        await link.execute(
            "INSERT INTO user_account (organisation_id, id, email, name, role)"
            " VALUES ($1, $2, $3, 'Bench', 'owner')",
            *(organisation, user, email),
        )
    finally:
        await link.close()
    async with open_pool(ground.settings, ground.dsn, Role.WEB, 1) as pool:
        token = await people_over(pool).sessions.begin(
            organisation, user, agent="bench", actor=Actor(email)
        )
    jar = aiohttp.CookieJar(unsafe=True)
    cookies = {"caseway": token.reveal()}
    async with aiohttp.ClientSession(address, cookie_jar=jar, cookies=cookies) as client:
        yield client


async def _visited(
    client: aiohttp.ClientSession, visit: Visit, serve: Running, postgres: Postgres
) -> list[Figure]:
    """Processor time is what a busy machine does not change."""
    times = []
    before = serve.cpu_s, postgres.cpu_s
    for _ in range(VISITS):
        began = time.perf_counter()
        async with client.get(visit.path) as answer:
            await answer.read()
            assert answer.status == 200, await answer.text()
        times.append(1000 * (time.perf_counter() - began))
    ours, its = serve.cpu_s - before[0], postgres.cpu_s - before[1]
    return [
        Figure(f"{visit.what}: best", min(times), "ms", "at most", GOAL_MS),
        Figure(f"{visit.what}: median", median(times), "ms"),
        Figure(f"{visit.what}: processor, serve", 1000 * ours / VISITS, "ms"),
        Figure(f"{visit.what}: processor, PostgreSQL", 1000 * its / VISITS, "ms"),
    ]


async def _exported(
    client: aiohttp.ClientSession, memory: Callable[[], float]
) -> tuple[float, float]:
    """Lines a second, and the most memory that serve had meanwhile."""
    lines, size, most = 0, 0, memory()
    began = time.perf_counter()
    async with client.get("/events/export.jsonl") as answer:
        async for part in answer.content.iter_chunked(1 << 20):
            lines += part.count(b"\n")
            size += len(part)
            most = max(most, memory())
            if size > EXPORTED_MIB << 20:
                break
    return lines / (time.perf_counter() - began), most
