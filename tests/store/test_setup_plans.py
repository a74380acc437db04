"""The pages that set Creatio up read as few rows after a year as on the first day."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import pytest

from caseway.store.queries import Query, load
from tests import database as ground
from tests.plans import WITHOUT_REFERENCES, days_before, filled, plan_of, read

SETUP, ARRIVALS = load("setup"), load("arrivals")
ORGANISATION, NORTH, SOUTH, CHANNEL = (UUID(int=n) for n in (1, 2, 3, 4))
CONVERSATIONS: Final = 10_000
OTHERS: Final = 1_000  # connections there were
TOKENS, TYPES = 3, 4  # of the connection that is looked at
REFUSED_A_DAY: Final = 20
FOUND_A_DAY: Final = 24
DAYS: Final = 30  # that events are kept
# North is used every day, and everything on it went well; south is new, and nothing was done there.
YEAR: Final = f"""
{WITHOUT_REFERENCES}
{days_before(DAYS)}
INSERT INTO organisation (id, name) VALUES ('{ORGANISATION}', 'history');
INSERT INTO connection (organisation_id, id, name, base_url, auth, login, secret, removed_at)
SELECT '{ORGANISATION}', pg_temp.id('connection', n), 'c' || n, 'http://127.0.0.1', 'oauth', '', '',
       now()
  FROM generate_series(1, {OTHERS}) n;
INSERT INTO connection (organisation_id, id, name, base_url, auth, login, secret)
VALUES ('{ORGANISATION}', '{NORTH}', 'north', 'http://127.0.0.1', 'oauth', '', ''),
       ('{ORGANISATION}', '{SOUTH}', 'south', 'http://127.0.0.1', 'oauth', '', '');
INSERT INTO channel (organisation_id, id, connection_id, kind, name, removed_at)
SELECT '{ORGANISATION}', pg_temp.id('channel', n), '{NORTH}', 'api', 'a' || n, now()
  FROM generate_series(1, {OTHERS}) n;
INSERT INTO channel (organisation_id, id, connection_id, kind, name)
VALUES ('{ORGANISATION}', '{CHANNEL}', '{NORTH}', 'api', 'shop');
INSERT INTO conversation (organisation_id, id, connection_id, channel_id, peer, address, contact_id,
                          state, case_id, wants_case, agreed)
SELECT '{ORGANISATION}', pg_temp.id('conversation', n), '{NORTH}', '{CHANNEL}', n, n, '{CHANNEL}',
       'resolved', pg_temp.id('case', n), true, 'resolved'
  FROM generate_series(1, {CONVERSATIONS}) n;
INSERT INTO link (organisation_id, connection_id, activity_id, message_id, conversation_id, ordinal,
                  origin, linked_at, refused_at, refusal)
SELECT '{ORGANISATION}', '{NORTH}', pg_temp.id('activity', n), pg_temp.id('message', n),
       pg_temp.id('conversation', 1 + n / 5), 1, 'ours', now(),
       CASE WHEN n % 10 = 0 THEN now() - n * interval '15 minutes' END,
       CASE WHEN n % 10 = 0 THEN 'no' END
  FROM generate_series(1, {CONVERSATIONS} * 5) n;
INSERT INTO contact_link (organisation_id, connection_id, contact_id, remote_id)
SELECT '{ORGANISATION}', '{NORTH}', pg_temp.id('contact', n), pg_temp.id('remote', n)
  FROM generate_series(1, {CONVERSATIONS}) n;
INSERT INTO delivery (organisation_id, id, conversation_id, channel_id, message_id, address, state,
                      order_on, order_id, not_before, settled_at)
SELECT '{ORGANISATION}', pg_temp.id('delivery', n), pg_temp.id('conversation', 1 + n / 5),
       '{CHANNEL}', pg_temp.id('message', n), n,
       CASE WHEN n < {CONVERSATIONS} THEN 'failed' ELSE 'delivered' END, now(),
       pg_temp.id('activity', n), now(), now()
  FROM generate_series(1, {CONVERSATIONS} * 5) n WHERE n % 2 = 1;
INSERT INTO sweep_cursor (organisation_id, connection_id, entity, swept_at)
SELECT '{ORGANISATION}', c.id, e.entity, now()
  FROM connection c, (VALUES ('Activity'), ('Case'), ('OpenCases')) AS e(entity);
INSERT INTO connection_test (organisation_id, connection_id, tested_at, tested_by, checks)
SELECT '{ORGANISATION}', id, now(), 'maria', '[]' FROM connection;
INSERT INTO dismissal (organisation_id, subject, by)
SELECT '{ORGANISATION}', 'subject ' || n, 'maria' FROM generate_series(1, {OTHERS}) n;
INSERT INTO webhook_token (organisation_id, id, connection_id, public_name, digest, secret)
SELECT '{ORGANISATION}', pg_temp.id('token', n),
       CASE WHEN n > {TOKENS} THEN pg_temp.id('connection', n) ELSE '{NORTH}' END, 't' || lpad(n::text, 7, '0'),
       n::text::bytea, ''
  FROM generate_series(1, {OTHERS}) n;
INSERT INTO webhook_arrival (organisation_id, connection_id, token_name, event_type, first_at,
                             last_at, calls, without_case, rejected)
SELECT t.organisation_id, t.connection_id, t.public_name, 'type ' || e, now(), now(), 1, 0, 0
  FROM webhook_token t, generate_series(1, {TYPES}) e;
INSERT INTO refusal_count (public_name, source, day, refusals)
SELECT 't0000001', '127.0.0.' || n, current_date - d, 1
  FROM generate_series(1, {REFUSED_A_DAY}) n, generate_series(0, 365) d;
INSERT INTO webhook_event (organisation_id, id, connection_id, received_at, found_by, event_type,
                           outcome)
SELECT '{ORGANISATION}', pg_temp.id('event', n), '{NORTH}', now() - n * interval '1 minute',
       CASE WHEN n % 60 = 0 THEN 'sweep' ELSE 'webhook' END, 'new_activity',
       CASE WHEN n % 60 = 0 THEN 'healed' ELSE 'accepted' END
  FROM generate_series(1, {DAYS} * 1440) n;
ANALYZE;
"""


@pytest.fixture(scope="module")
def year(server: ground.Server, template: str) -> Iterator[str]:
    with filled(server, template, YEAR) as dsn:
        yield dsn


NOW: Final = datetime.now(tz=UTC)
OURS: Final = {"organisation": ORGANISATION}
IN_NORTH: Final = {**OURS, "connection": NORTH}
IN_SOUTH: Final = {**OURS, "connection": SOUTH}
# What a statement may read: what it tells, and little beside.
CASES: Final[list[tuple[str, Query, dict[str, Any], int]]] = [
    ("nothing was made", SETUP["made"], IN_SOUTH, 8),
    ("refused for good", SETUP["refused"], {**IN_NORTH, "since": NOW - timedelta(days=7)}, 150),
    ("the last test", SETUP["last_test"], IN_NORTH, 2),
    ("the first steps", SETUP["progress"], OURS, 20),
    ("the rules", SETUP["rules"], OURS, 4),
    ("what came", ARRIVALS["of_connection"], IN_NORTH, TOKENS * TYPES + 2),
    ("nothing came", ARRIVALS["of_connection"], IN_SOUTH, 2),
    ("wrong tokens", ARRIVALS["refused"], IN_NORTH, 4 * 2 * REFUSED_A_DAY),
    ("how sweeps fare", ARRIVALS["swept"], IN_NORTH, 6),
    ("how they ask", ARRIVALS["asking"], IN_NORTH, 6),
    (
        "what they found",
        ARRIVALS["found_by_sweep"],
        {**IN_NORTH, "since": NOW - timedelta(days=1)},
        FOUND_A_DAY + 2,
    ),
    (
        "what is added",
        ARRIVALS["add"],
        {
            "organisations": [ORGANISATION] * 2,
            "connections": [NORTH] * 2,
            "token_names": ["t0000001", "t0000002"],
            "types": ["type 1", "new"],
            "firsts": [NOW] * 2,
            "lasts": [NOW] * 2,
            "calls": [1, 2],
            "without_case": [0, 0],
            "rejected": [0, 0],
        },
        8,
    ),
]


@pytest.mark.parametrize(
    ("query", "values", "most"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
async def test_a_year_costs_the_pages_of_the_set_up_nothing(
    query: Query, values: dict[str, Any], most: int, year: str
) -> None:
    plan = await plan_of(year, query, values, ORGANISATION)
    assert read(plan) <= most, json.dumps(plan, indent=1)
