"""A page of the inbox reads as few rows after a year as on the first day."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import pytest

from caseway.domain.finding import sought
from caseway.store.inbox import _ranges
from caseway.store.queries import Query, load
from caseway.store.reads import END_OF_TIME
from tests import database as ground
from tests.plans import WITHOUT_REFERENCES, filled, made_of, plan_of, read

INBOX, PEERS = load("inbox"), load("peers")
CONVERSATIONS: Final = 20_000
ORGANISATION, CONNECTION, WIDGET, API = (UUID(int=n) for n in (1, 2, 3, 4))
PAGE, WINDOW, COUNTED = 51, 40, 30
# Everybody is called Ines, so that a search must stop by itself; one is waiting, one has failed.
HISTORY: Final = f"""
{WITHOUT_REFERENCES}
INSERT INTO organisation (id, name) VALUES ('{ORGANISATION}', 'history');
INSERT INTO connection (organisation_id, id, name, base_url, auth, login, secret)
VALUES ('{ORGANISATION}', '{CONNECTION}', 'north', 'http://127.0.0.1', 'oauth', 'client', '');
INSERT INTO channel (organisation_id, id, connection_id, kind, name)
VALUES ('{ORGANISATION}', '{WIDGET}', '{CONNECTION}', 'widget', 'shop'),
       ('{ORGANISATION}', '{API}', '{CONNECTION}', 'api', 'api');
INSERT INTO contact (organisation_id, id, name, email, phone, name_key, verified)
SELECT '{ORGANISATION}', pg_temp.id('contact', n), 'Ines Costa', n || '@example.com', '+351' || n,
       'ines costa', true
  FROM generate_series(1, {CONVERSATIONS}) n;
INSERT INTO contact_word (organisation_id, word, contact_id)
SELECT organisation_id, 'costa', id FROM contact;
INSERT INTO conversation (organisation_id, id, connection_id, channel_id, peer, address, contact_id,
                          state, said_at, case_id, case_number, wants_case, agreed, last_position)
SELECT '{ORGANISATION}', pg_temp.id('conversation', n), '{CONNECTION}',
       CASE WHEN n % 10 = 0 THEN '{API}'::uuid ELSE '{WIDGET}'::uuid END, n, n,
       pg_temp.id('contact', n), CASE WHEN n = 5 THEN 'waiting' ELSE 'resolved' END,
       now() - n * interval '1 minute', pg_temp.id('case', n), 'SR' || lpad(n::text, 8, '0'), true,
       'open', 5
  FROM generate_series(1, {CONVERSATIONS}) n;
INSERT INTO message (organisation_id, id, conversation_id, channel_id, peer, author, text, position,
                     written_at)
SELECT '{ORGANISATION}', pg_temp.id('message', n), pg_temp.id('conversation', 1 + n / 5),
       '{WIDGET}', 1 + n / 5, CASE WHEN n % 2 = 0 THEN 'contact' ELSE 'agent' END, 'words',
       1 + n % 5, now()
  FROM generate_series(0, {CONVERSATIONS} * 5 - 1) n;
INSERT INTO delivery (organisation_id, id, conversation_id, channel_id, message_id, address, state,
                      order_on, order_id, not_before, settled_at)
SELECT '{ORGANISATION}', pg_temp.id('delivery', n), pg_temp.id('conversation', 1 + n / 5),
       '{WIDGET}', pg_temp.id('message', n), 1 + n / 5,
       CASE WHEN n % 1000 = 1 THEN 'failed' ELSE 'delivered' END, now(), pg_temp.id('activity', n),
       now(), now()
  FROM generate_series(0, {CONVERSATIONS} * 5 - 1) n WHERE n % 2 = 1;
INSERT INTO case_link (organisation_id, connection_id, case_id, conversation_id, ordinal, number)
SELECT '{ORGANISATION}', '{CONNECTION}', pg_temp.id('earlier case', n),
       pg_temp.id('conversation', n), 1, 'SR1' || lpad(n::text, 7, '0')
  FROM generate_series(1, {CONVERSATIONS}) n;
ANALYZE;
"""


@pytest.fixture(scope="module")
def history(server: ground.Server, template: str) -> Iterator[str]:
    with filled(server, template, HISTORY) as dsn:
        yield dsn


def asked(text: str, **more: object) -> dict[str, Any]:
    search = sought(text)
    assert search is not None
    return {**EVERY, **_ranges(search), "deliveries": [], "window": WINDOW, **more}


OURS: Final = {"organisation": ORGANISATION}
LAST: Final = {"before": END_OF_TIME[0], "before_id": END_OF_TIME[1]}
MIDDLE: Final = {"before": datetime.now(tz=UTC) - timedelta(days=5), "before_id": UUID(int=0)}
EVERY: Final[dict[str, Any]] = {
    **OURS,
    **LAST,
    "channels": [WIDGET, API],
    "states": ["ai", "waiting", "human", "resolved"],
    "most": PAGE,
}
BY_DELIVERY: Final = {**OURS, **LAST, "window": WINDOW}
# What a statement may read: a page from each channel and state, a window from each index.
CASES: Final[list[tuple[str, Query, dict[str, Any], int]]] = [
    ("any", INBOX["newest"], EVERY, 4 * PAGE),
    ("a later page", INBOX["newest"], EVERY | MIDDLE, 4 * PAGE),
    ("one state", INBOX["newest"], EVERY | {"states": ["waiting"]}, 10),
    ("one channel", INBOX["newest"], EVERY | {"channels": [API]}, 2 * PAGE),
    ("failed", INBOX["by_delivery"], {**BY_DELIVERY, "deliveries": ["failed"]}, 3 * WINDOW),
    ("owed", INBOX["by_delivery"], {**BY_DELIVERY, "deliveries": ["owed", "sending"]}, 10),
    ("a name", INBOX["search"], asked("ines"), 12 * WINDOW),
    ("a later word", INBOX["search"], asked("costa"), 12 * WINDOW),
    ("a number", INBOX["search"], asked("+351"), 12 * WINDOW),
    ("an address", INBOX["search"], asked("77@example.com"), 30),
    ("a case", INBOX["search"], asked("SR00000777"), 30),
    ("the cases", INBOX["search"], asked("SR"), 12 * WINDOW),
    ("nobody", INBOX["search"], asked("zzz"), 30),
    ("a name, failed", INBOX["search"], asked("ines", deliveries=["failed"]), 14 * WINDOW),
    ("counts", INBOX["counts"], {**OURS, "channels": [WIDGET, API], "most": COUNTED}, 5 * COUNTED),
    ("needs", INBOX["needs"], {**OURS, "window": WINDOW, "most": 5}, 6 * WINDOW),
    ("token", INBOX["token"], {**OURS, "channels": [WIDGET, API]}, 60),
    (
        "rows",
        INBOX["rows"],
        {
            **OURS,
            "conversations": [made_of("conversation", n) for n in range(1, PAGE)],
        },
        PAGE * 32,
    ),
    (
        "who writes",
        PEERS["find_contact"],
        {**OURS, "email": "777@Example.com", "phone": "+351778"},
        10,
    ),
]


@pytest.mark.parametrize(
    ("query", "values", "most"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
async def test_history_costs_nothing(
    query: Query, values: dict[str, Any], most: int, history: str
) -> None:
    plan = await plan_of(history, query, values, ORGANISATION)
    assert read(plan) <= most, json.dumps(plan, indent=1)
