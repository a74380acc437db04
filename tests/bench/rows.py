"""Conversations and their history, written in bulk: what would take days to live through."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import md5
from typing import Final
from uuid import UUID

import asyncpg

from tests.bench.ground import Ground
from tests.bench.thin_creatio import OPEN

# Ids are derived from a number, so that whoever sends webhooks need not read them back.
FIRST: Final = """
SET LOCAL session_replication_role = replica; -- the rows fit: no need to prove each reference
SET LOCAL synchronous_commit = off;
CREATE FUNCTION pg_temp.named(kind text, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS
    $$ SELECT md5(kind || '/' || n::text)::uuid $$;
"""
ROWS: Final = """
INSERT INTO contact (organisation_id, id, name, email, verified, name_key)
SELECT '{organisation}', pg_temp.named('contact', n), 'Customer ' || n, n || '@example.com', true,
       'customer ' || n
  FROM generate_series(0, {conversations} - 1) n;

INSERT INTO contact_word (organisation_id, word, contact_id)
SELECT '{organisation}', n::text, pg_temp.named('contact', n)
  FROM generate_series(0, {conversations} - 1) n;

INSERT INTO contact_link (organisation_id, connection_id, contact_id, remote_id)
SELECT '{organisation}', '{connection}', pg_temp.named('contact', n), pg_temp.named('remote', n)
  FROM generate_series(0, {conversations} - 1) n;

INSERT INTO peer (organisation_id, channel_id, peer, contact_id)
SELECT '{organisation}', '{channel}', 'peer-' || n, pg_temp.named('contact', n)
  FROM generate_series(0, {conversations} - 1) n;

INSERT INTO conversation (organisation_id, id, connection_id, channel_id, peer, address, contact_id,
    state, created_at, said_at, case_id, case_number, wants_case, agreed, agreed_status, last_open_status,
    agent_replied, last_position, last_contact_position, last_own_position, linked_through,
    covered_through, read_through)
SELECT '{organisation}', pg_temp.named('conversation', n), '{connection}', '{channel}',
       'peer-' || n, 'peer-' || n, pg_temp.named('contact', n), 'human',
       now() - interval '30 days' + n * interval '1 second',
       now() - interval '30 days' + n * interval '1 second', pg_temp.named('case', n),
       'SR' || lpad(n::text, 8, '0'), true, 'open', '{open}', '{open}', true, {messages},
       ({messages} + 1) / 2 * 2 - 1, ({messages} + 1) / 2 * 2 - 1, ({messages} + 1) / 2 * 2 - 1,
       ({messages} + 1) / 2 * 2 - 1, now()
  FROM generate_series(0, {conversations} - 1) n;

-- Customer and agent take turns: odd positions are the customer's.
CREATE TEMPORARY TABLE said ON COMMIT DROP AS
SELECT n, position, pg_temp.named('conversation', n) AS conversation,
       pg_temp.named('message', n * 1000 + position) AS message,
       pg_temp.named('activity', n * 1000 + position) AS activity,
       pg_temp.named('delivery', n * 1000 + position) AS delivery,
       position % 2 = 0 AS by_agent,
       now() - interval '30 days' + (position * {conversations} + n) * interval '1 second' AS at
  FROM generate_series(1, {messages}) position, generate_series(0, {conversations} - 1) n;

INSERT INTO message (organisation_id, id, conversation_id, channel_id, peer, author, author_name,
                     text, position, provider_id, written_at, kept_at)
SELECT '{organisation}', message, conversation, '{channel}', 'peer-' || n,
       CASE WHEN by_agent THEN 'agent' ELSE 'contact' END, CASE WHEN by_agent THEN 'Clara' ELSE '' END,
       'Where is my order? It was to arrive on Monday, and nobody rang. ' || position, position,
       CASE WHEN by_agent THEN '' ELSE n || '-' || position END, at, at
  FROM said;

INSERT INTO link (organisation_id, connection_id, activity_id, message_id, conversation_id, ordinal,
                  origin, created_on, linked_at)
SELECT '{organisation}', '{connection}', activity, message, conversation, 1,
       CASE WHEN by_agent THEN 'theirs' ELSE 'ours' END, at, at
  FROM said;

INSERT INTO delivery (organisation_id, id, conversation_id, channel_id, message_id, address, state,
                      order_on, order_id, not_before, owed_at, attempts, settled_at)
SELECT '{organisation}', delivery, conversation, '{channel}', message, 'peer-' || n, 'delivered',
       at, activity, at, at, 1, at
  FROM said WHERE by_agent;

INSERT INTO attempt (organisation_id, delivery_id, number, begun_at, ended_at, became)
SELECT '{organisation}', delivery, 1, at, at, 'delivered' FROM said WHERE by_agent;

INSERT INTO webhook_event (organisation_id, id, connection_id, received_at, token_name, event_type,
                           case_id, conversation_id, outcome, body)
SELECT '{organisation}', pg_temp.named('event', n * 1000 + position), '{connection}', at, 'bench',
       'new_activity', pg_temp.named('case', n), conversation, 'accepted', '{{}}'
  FROM said WHERE by_agent;

INSERT INTO run (organisation_id, id, conversation_id, connection_id, begun_at, ended_at, steps)
SELECT '{organisation}', pg_temp.named('run', n * 1000 + position), conversation, '{connection}',
       at, at, '[{{"at": 3, "side": "api", "deed": "sent reply", "why": "", "outcome": "done"}}]'
  FROM said;
"""


def case(n: int) -> str:
    return str(UUID(md5(f"case/{n}".encode()).hexdigest()))


def conversation(n: int) -> str:
    return str(UUID(md5(f"conversation/{n}".encode()).hexdigest()))


# Nobody misses these rows after a crash: as fast as they can be written.
IN_BULK: Final = {
    "fsync": "off",
    "full_page_writes": "off",
    "wal_compression": "off",
    "max_wal_size": "'16GB'",
    "autovacuum": "off",
    "maintenance_work_mem": "'512MB'",
}
# Indexes are made when all rows are there, in a fraction of the time.
WITHOUT_INDEXES: Final = """
UPDATE pg_index SET indisready = false WHERE indrelid IN (
    SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r')
"""


@asynccontextmanager
async def _in_bulk(link: "asyncpg.Connection[asyncpg.Record]") -> AsyncIterator[None]:
    """For the whole server; afterwards it is as we ship it."""
    for name, value in IN_BULK.items():
        await link.execute(f"ALTER SYSTEM SET {name} = {value}")
    await link.execute("SELECT pg_reload_conf()")
    await link.execute(WITHOUT_INDEXES)
    try:
        yield
    finally:
        await link.execute("REINDEX SCHEMA public")
        await link.execute("ALTER SYSTEM RESET ALL")
        await link.execute("SELECT pg_reload_conf()")


async def write(ground: Ground, conversations: int, messages: int) -> None:
    """Open conversations with their cases, each with so many messages, all settled."""
    await fill(ground, ROWS, open=OPEN, conversations=conversations, messages=messages)


async def fill(ground: Ground, rows: str, **values: object) -> None:
    """Statements that write rows of the ground's organisation, connection and channel."""
    link = await asyncpg.connect(ground.administrator_dsn)
    try:
        async with _in_bulk(link), link.transaction():
            await link.execute(FIRST)
            await link.execute(
                rows.format(
                    organisation=ground.connection.organisation,
                    connection=ground.connection.connection,
                    channel=ground.channel,
                    **values,
                )
            )
        await link.execute("VACUUM ANALYZE")
    finally:
        await link.close()
