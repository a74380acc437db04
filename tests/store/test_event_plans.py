"""A page of the event log reads as few rows with a month behind it as on the first day."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg
import pytest

from caseway.store.queries import Query, load
from tests import database as ground
from tests.plans import WITHOUT_REFERENCES, days_before, filled, made_of, read
from tests.sync.test_plans import CONNECTION, ORGANISATION

LOG: Final = load("event_log")
DAYS: Final = 12
A_DAY: Final = 10_000
CONVERSATIONS: Final = 2_000
REACH: Final = 500
PAGE: Final = 50
# A page's rows where they are read and where they are judged, the conversation beside each, and the
# newest of each day's.
MOST_ROWS: Final = 3 * (PAGE + 1) + DAYS + 6
# A search's rows, counted where they are read and where they are judged.
MOST_SEARCHED: Final = 2 * REACH + DAYS + 6
MONTH: Final = f"""
{WITHOUT_REFERENCES}
{days_before(DAYS)}
INSERT INTO organisation (id, name) VALUES ('{ORGANISATION}', 'history');
INSERT INTO connection (organisation_id, id, name, base_url, auth, login, secret)
VALUES ('{ORGANISATION}', '{CONNECTION}', 'north', 'http://127.0.0.1', 'oauth', 'client', '');
INSERT INTO conversation (organisation_id, id, connection_id, channel_id, peer, address, contact_id,
                          state, case_id, wants_case, case_number)
SELECT '{ORGANISATION}', pg_temp.id('conversation', n), '{CONNECTION}', '{CONNECTION}', 'p' || n,
       'p' || n, '{CONNECTION}', 'human', pg_temp.id('case', n), true, 'SR' || n
  FROM generate_series(1, {CONVERSATIONS}) n;
INSERT INTO webhook_event (organisation_id, id, connection_id, received_at, event_type, case_id,
                           conversation_id, outcome)
SELECT '{ORGANISATION}', pg_temp.id('event', n), '{CONNECTION}',
       date_trunc('day', now(), 'UTC') - n * interval '{DAYS * 86400 // (DAYS * A_DAY)} s',
       CASE WHEN n = 9000 THEN 'case_closed' ELSE 'new_activity' END,
       pg_temp.id('case', n), CASE WHEN n % 5 <> 0 THEN pg_temp.id('conversation', 1 + n % {CONVERSATIONS}) END,
       CASE WHEN n % 40000 = 39999 THEN 'rejected' WHEN n % 5 = 0 THEN 'ignored' ELSE 'accepted' END
  FROM generate_series(1, {DAYS * A_DAY}) n;
INSERT INTO run (organisation_id, id, conversation_id, connection_id, begun_at, steps)
SELECT '{ORGANISATION}', gen_random_uuid(), conversation_id, '{CONNECTION}', received_at, '[]'
  FROM webhook_event WHERE conversation_id IS NOT NULL AND received_at > now() - interval '4 days';
INSERT INTO event_count (organisation_id, per, at, outcome, events)
SELECT '{ORGANISATION}', 'minute', date_trunc('minute', now()) - n * interval '1 minute', 'accepted', 1
  FROM generate_series(1, 20000) n;
UPDATE event_counted SET through = date_trunc('day', now(), 'UTC');
ANALYZE;
"""


@pytest.fixture(scope="module")
def month(server: ground.Server, template: str) -> Iterator[str]:
    with filled(server, template, MONTH) as dsn:
        yield dsn


NOW: Final = datetime.now(tz=UTC)
ANY: Final[dict[str, Any]] = {
    "organisation": ORGANISATION,
    "since": datetime(2000, 1, 1, tzinfo=UTC),
    "before": datetime(9999, 1, 1, tzinfo=UTC),
    "before_id": UUID(int=2**128 - 1),
    "reach": REACH,
    "outcome": "",
    "type": "",
    "found_by": "",
    "connection": None,
    "case": None,
    "most": PAGE + 1,
}
MIDDLE: Final = {"before": NOW - timedelta(days=6)}
ONE_CONVERSATION: Final = {"conversation": made_of("conversation", 778)}
PAGES: Final[list[tuple[str, Query, dict[str, Any], int, int]]] = [
    # what, the statement, its values, the most rows it may read, how many it must find
    ("the newest", LOG["by_time"], ANY, MOST_ROWS, PAGE + 1),
    ("from the middle", LOG["by_time"], ANY | MIDDLE, MOST_ROWS, PAGE + 1),
    ("a span", LOG["by_time"], ANY | MIDDLE | {"since": NOW - timedelta(days=7)}, MOST_ROWS, 51),
    (
        "a rare outcome",
        LOG["by_outcome"],
        ANY | {"outcome": "rejected"},
        MOST_ROWS,
        3,
    ),
    (
        "a common outcome, from the middle",
        LOG["by_outcome"],
        ANY | MIDDLE | {"outcome": "ignored"},
        MOST_ROWS,
        PAGE + 1,
    ),
    ("a rare type", LOG["by_time"], ANY | {"type": "case_closed"}, MOST_SEARCHED, 1),
    ("one way, none", LOG["by_time"], ANY | {"found_by": "sweep"}, MOST_SEARCHED, 1),
    (
        "one case not ours",
        LOG["by_outcome"],
        ANY | {"outcome": "ignored", "case": made_of("case", 9000)},
        MOST_SEARCHED,
        1,
    ),
    (
        "one conversation",
        LOG["by_conversation"],
        ANY | ONE_CONVERSATION,
        3 * 60 + DAYS + 6,
        PAGE + 1,
    ),
]
OTHERS: Final[list[tuple[str, Query, dict[str, Any], int, int]]] = [
    ("the newest alone", LOG["newest"], {"organisation": ORGANISATION}, DAYS + 6, 1),
    ("whole", LOG["whole"], {"organisation": ORGANISATION, "event": made_of("event", 8)}, 12, 1),
    ("numbered", LOG["numbered"], {"organisation": ORGANISATION, "number": "SR700"}, 2, 1),
    (
        "looks around",
        LOG["looks_around"],
        {
            "organisation": ORGANISATION,
            "conversations": [made_of("conversation", 1 + n) for n in range(1, 5)],
            "received": [NOW - timedelta(hours=30)] * 4,
            "within": timedelta(hours=20),
            "lately": timedelta(seconds=15),
        },
        24,
        4,
    ),
    (
        "a day's strip",
        LOG["counted"],
        {
            "organisation": ORGANISATION,
            "per": "minute",
            "since": NOW - timedelta(days=1),
            "until": NOW,
            "bar": timedelta(minutes=30),
        },
        24 * 60 + 1,
        48,
    ),
    (  # each ignored one twice: in the index, and as a row; four of five were accepted
        "what is pruned",
        load("healing")["prune_ignored"],
        {"keep": timedelta(days=6)},
        2 * 6 * A_DAY // 5 + 100,
        0,
    ),
]


@pytest.mark.parametrize(
    ("query", "values", "most", "finds"),
    [rest for _, *rest in PAGES + OTHERS],
    ids=[what for what, *_ in PAGES + OTHERS],
)
async def test_a_month_of_events_costs_a_page_nothing(
    query: Query, values: dict[str, Any], most: int, finds: int, month: str
) -> None:
    # As the pools run it: one plan for all values. EXPLAIN would plan for these alone.
    connection = await asyncpg.connect(
        month,
        server_settings={"role": str(query.roles[-1]), "plan_cache_mode": "force_generic_plan"},
    )
    trial = connection.transaction()
    await trial.start()
    await connection.execute(f"SET LOCAL caseway.organisation = '{ORGANISATION}'")
    prepared = await connection.prepare(query.sql)
    literals = ", ".join(map(literal, query.args(values)))
    explained = await connection.fetchval(
        f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE {prepared.get_name()}({literals})"
    )
    found = await connection.fetch(query.sql, *query.args(values))
    await trial.rollback()
    await connection.close()
    [whole] = json.loads(explained)
    assert len(found) >= finds
    assert read(whole["Plan"]) <= most, json.dumps(whole["Plan"], indent=1)


def literal(value: object) -> str:
    match value:
        case None:
            return "NULL"
        case list():
            return "'{" + ",".join(f'"{each}"' for each in value) + "}'"
        case _:
            return f"'{value}'"
