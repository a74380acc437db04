"""The statements of the hot path read as few rows after a year as on the first day."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import pytest

from caseway.store.queries import Query, load
from tests import database as ground
from tests.plans import WITHOUT_REFERENCES, filled, made_of, plan_of, read

LOOKS, IMPORTS, ADOPTIONS = load("looks"), load("imports"), load("adoptions")
MARKS, OWED, PEERS = load("marks"), load("owed"), load("peers")
INTAKE, SWEEPS, HEALING = load("intake"), load("sweeps"), load("healing")
WEBHOOKS = load("webhooks")
TRAFFIC, SAMPLES = load("channel_traffic"), load("samples")
CONVERSATIONS: Final = 20_000
MESSAGES: Final = 100_000  # five in each conversation
MOST_ROWS: Final = 60  # that one statement may read

ORGANISATION, CONNECTION, CHANNEL = (UUID(int=n) for n in (1, 2, 3))
CONTACT, TOKEN = UUID(int=4), UUID(int=5)
BUSY: Final = 777  # the conversation that is looked at
HISTORY: Final = f"""
{WITHOUT_REFERENCES}
INSERT INTO organisation (id, name) VALUES ('{ORGANISATION}', 'history');
INSERT INTO connection (organisation_id, id, name, base_url, auth, login, secret)
VALUES ('{ORGANISATION}', '{CONNECTION}', 'north', 'http://127.0.0.1', 'oauth', 'client', '');
INSERT INTO webhook_token (organisation_id, id, connection_id, public_name, digest, secret)
VALUES ('{ORGANISATION}', '{TOKEN}', '{CONNECTION}', 'historyx', '', '');
INSERT INTO channel (organisation_id, id, connection_id, kind, name)
VALUES ('{ORGANISATION}', '{CHANNEL}', '{CONNECTION}', 'api', 'shop');
INSERT INTO contact (organisation_id, id, verified) VALUES ('{ORGANISATION}', '{CONTACT}', true);
INSERT INTO peer (organisation_id, channel_id, peer, contact_id)
SELECT '{ORGANISATION}', '{CHANNEL}', 'p' || n, '{CONTACT}'
  FROM generate_series(1, {CONVERSATIONS}) n;
INSERT INTO conversation (organisation_id, id, connection_id, channel_id, peer, address, contact_id,
                          state, case_id, wants_case, agreed, last_position, linked_through)
SELECT '{ORGANISATION}', pg_temp.id('conversation', n), '{CONNECTION}', '{CHANNEL}', 'p' || n,
       'p' || n, '{CONTACT}', CASE WHEN n % 10 = 7 THEN 'human' ELSE 'resolved' END,
       pg_temp.id('case', n), true, 'open', 5, 5
  FROM generate_series(1, {CONVERSATIONS}) n;
INSERT INTO message (organisation_id, id, conversation_id, channel_id, peer, author, text, position,
                     provider_id, written_at)
SELECT '{ORGANISATION}', pg_temp.id('message', n), pg_temp.id('conversation', 1 + n / 5),
       '{CHANNEL}', 'p' || 1 + n / 5, CASE WHEN n % 2 = 0 THEN 'contact' ELSE 'agent' END, 'words',
       1 + n % 5, 'id' || n, now() - n * interval '1 minute'
  FROM generate_series(0, {MESSAGES} - 1) n;
INSERT INTO link (organisation_id, connection_id, activity_id, message_id, conversation_id, ordinal,
                  origin, linked_at)
SELECT '{ORGANISATION}', '{CONNECTION}', pg_temp.id('activity', n), pg_temp.id('message', n),
       pg_temp.id('conversation', 1 + n / 5), 1, 'ours', now()
  FROM generate_series(0, {MESSAGES} - 1) n;
INSERT INTO delivery (organisation_id, id, conversation_id, channel_id, message_id, address, state,
                      order_on, order_id, not_before, settled_at)
SELECT '{ORGANISATION}', pg_temp.id('delivery', n), pg_temp.id('conversation', 1 + n / 5),
       '{CHANNEL}', pg_temp.id('message', n), 'p' || 1 + n / 5, 'delivered', now(),
       pg_temp.id('activity', n), now(), now()
  FROM generate_series(0, {MESSAGES} - 1) n;
INSERT INTO sweep_cursor (organisation_id, connection_id, entity, watermark)
VALUES ('{ORGANISATION}', '{CONNECTION}', 'Activity', now());
INSERT INTO sweep_seen (organisation_id, connection_id, entity, record_id, modified_on)
SELECT '{ORGANISATION}', '{CONNECTION}', 'Activity', pg_temp.id('activity', n), now()
  FROM generate_series(0, {MESSAGES} - 1) n;
INSERT INTO webhook_event (organisation_id, id, connection_id, conversation_id, outcome)
SELECT '{ORGANISATION}', gen_random_uuid(), '{CONNECTION}', pg_temp.id('conversation', 1 + n / 5),
       'accepted'
  FROM generate_series(0, {MESSAGES} / 4) n;
INSERT INTO case_link (organisation_id, connection_id, case_id, conversation_id, ordinal)
SELECT '{ORGANISATION}', '{CONNECTION}', pg_temp.id('earlier case', n),
       pg_temp.id('conversation', n), 1
  FROM generate_series(1, {CONVERSATIONS}) n;
ANALYZE;
"""


@pytest.fixture(scope="module")
def history(server: ground.Server, template: str) -> Iterator[str]:
    with filled(server, template, HISTORY) as dsn:
        yield dsn


CONVERSATION: Final = {
    "organisation": ORGANISATION,
    "conversation": made_of("conversation", BUSY),
}
REMOTE: Final = {"organisation": ORGANISATION, "connection": CONNECTION}
ACTIVITIES: Final = [made_of("activity", 5 * (BUSY - 1) + n) for n in range(5)] + [UUID(int=9)]
FENCE: Final = {**CONVERSATION, "epoch": 1}
CURSOR: Final = {**REMOTE, "entity": "Activity"}
NOW: Final = datetime.now(tz=UTC)
PEER: Final = {"organisation": ORGANISATION, "channel": CHANNEL, "peer": f"p{BUSY}"}
HOT: Final[list[tuple[Query, dict[str, Any]]]] = [
    (LOOKS["claim"], {**CONVERSATION, "lease": timedelta(seconds=12)}),
    (LOOKS["fence"], FENCE),
    (LOOKS["renew"], {**FENCE, "lease": timedelta(seconds=12)}),
    (MARKS["mark"], {**CONVERSATION, "hints": 1}),
    (ADOPTIONS["known"], {**REMOTE, "activities": ACTIVITIES}),
    (OWED["owed_own"], CONVERSATION),
    (OWED["unsettled"], CONVERSATION),
    (ADOPTIONS["superseded"], CONVERSATION),
    (ADOPTIONS["one_linked"], {**CONVERSATION, "ordinal": 1}),
    (LOOKS["earlier_cases"], CONVERSATION),
    (
        LOOKS["note_attempt"],
        {
            **FENCE,
            "delivery": made_of("delivery", 5),
            "was": "delivered",
            "number": 1,
            "not_before": NOW,
            "possible_double": False,
        },
    ),
    (
        LOOKS["settle_attempt"],
        {
            **FENCE,
            "delivery": made_of("delivery", 5),
            "number": 1,
            "becomes": "sent",
            "not_before": NOW,
            "reason": "",
            "possible_double": False,
            "wake": None,
        },
    ),
    (ADOPTIONS["prove"], {**REMOTE, "activities": ACTIVITIES, "created_on": [None] * 6}),
    (
        LOOKS["release_quiet"],
        {
            **FENCE,
            "hints_taken": 0,
            "run": uuid4(),
            "connection": CONNECTION,
            "begun_at": NOW,
            "steps": "[]",
        },
    ),
    (IMPORTS["stand"], {**CONVERSATION, "connection": CONNECTION, "activities": ACTIVITIES}),
    (PEERS["lock_peer"], PEER),
    (INTAKE["open_conversation"], PEER),
    (INTAKE["latest_conversation"], PEER),
    (INTAKE["known_message"], {**PEER, "provider_id": f"id{5 * (BUSY - 1)}"}),
    (
        WEBHOOKS["keep_events"],
        {
            "ids": [uuid4(), uuid4()],
            "organisations": [ORGANISATION] * 2,
            "connections": [CONNECTION] * 2,
            "tokens": [TOKEN] * 2,
            "token_names": ["historyx"] * 2,
            "sources": [""] * 2,
            "types": ["new_activity", "case_closed"],
            "cases": [made_of("case", BUSY), made_of("earlier case", 5)],
            "outcomes": ["accepted"] * 2,
            "reasons": [""] * 2,
            "bodies": [b"{}"] * 2,
            "tests": [False] * 2,
        },
    ),
    (SWEEPS["unseen"], {**CURSOR, "records": ACTIVITIES, "modified": [NOW] * 6}),
    (
        SWEEPS["activities_to_look_at"],
        {**REMOTE, "records": ACTIVITIES, "cases": [made_of("case", BUSY)] * 6},
    ),
    (
        SWEEPS["cases_to_look_at"],
        {**REMOTE, "cases": [made_of("case", BUSY)], "statuses": [UUID(int=8)]},
    ),
    (SWEEPS["forget"], CURSOR),
    (SWEEPS["open_cases"], {**REMOTE, "limit": 12}),
    (SWEEPS["linked"], {**REMOTE, "activities": ACTIVITIES}),
    (
        SWEEPS["recent_word"],
        {**CONVERSATION, "since": NOW - timedelta(minutes=10)},
    ),
    (HEALING["overdue_marks"], {"older_than": timedelta(minutes=1), "limit": 500}),
    (HEALING["abandoned_leases"], {"older_than": timedelta(minutes=1), "limit": 500}),
    (HEALING["bring_forward"], {**REMOTE, "limit": 500}),
    (TRAFFIC["all"], {"organisation": ORGANISATION}),
    (TRAFFIC["waiting"], {"organisation": ORGANISATION, "channel": CHANNEL, "most": 5}),
    (TRAFFIC["bring_forward"], {"organisation": ORGANISATION, "channel": CHANNEL}),
    (SAMPLES["latest"], {**REMOTE, "among": 20, "most": 12}),
    (SAMPLES["standings"], {**REMOTE, "activities": ACTIVITIES}),
]


@pytest.mark.parametrize(("query", "values"), HOT, ids=[query.name for query, _ in HOT])
async def test_history_costs_nothing(query: Query, values: dict[str, Any], history: str) -> None:
    plan = await plan_of(history, query, values, ORGANISATION)
    assert read(plan) <= MOST_ROWS, json.dumps(plan, indent=1)
