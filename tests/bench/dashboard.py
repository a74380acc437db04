"""How fast pages of the dashboard answer where a million conversations are stored."""

import time
from collections.abc import Mapping
from statistics import median
from typing import Final
from uuid import uuid4

import aiohttp
import asyncpg

from caseway.bootstrap import open_pool
from caseway.domain.actor import Actor
from caseway.domain.roles import Role
from caseway.store.people import people_over
from caseway.store.roles import Role as Right
from caseway.store.transactions import transaction
from tests.bench import rows
from tests.bench.figures import Figure, Report, percentile
from tests.bench.ground import Ground, open_ground

MANY: Final = 1_000_000  # conversations
FEWER: Final = 50_000  # with --quick
MESSAGES_EACH: Final = 2
LONG: Final = 5_000  # messages of one of them
FAILED: Final = 10_000  # replies
WARM_UP, ASKED = 8, 60  # requests of each page
GOAL_MS: Final = 50.0
# One conversation is long, and some replies failed for good.
ACCIDENTS: Final = """
INSERT INTO message (organisation_id, id, conversation_id, channel_id, peer, author, text, position,
                     written_at, kept_at)
SELECT c.organisation_id, gen_random_uuid(), c.id, c.channel_id, c.peer, 'contact',
       'One more question about my order, number ' || n, n, now(), now()
  FROM conversation c, generate_series({messages} + 1, {long}) n WHERE c.id = '{conversation}';
UPDATE delivery SET state = 'failed', reason = 'the callback answered 410'
 WHERE id IN (SELECT id FROM delivery LIMIT {failed});
ANALYZE;
"""


async def measure(*, quick: bool) -> Report:
    conversations = FEWER if quick else MANY
    async with open_ground() as ground:
        await rows.write(ground, conversations, MESSAGES_EACH)
        await _happen(ground)
        cookie = await _signed_in(ground)
        async with (
            ground.serve("--no-worker") as served,
            aiohttp.ClientSession(served.address, cookies={"caseway": cookie}) as client,
        ):
            inbox = [
                figure
                for name, path in _inbox(conversations).items()
                for figure in await _page(client, name, path)
            ]
    return Report(
        bench="dashboard",
        setup=(
            f"{conversations:,} open conversations of {MESSAGES_EACH} messages, {FAILED:,} replies "
            f"failed, one conversation of {LONG:,}; each page asked for {ASKED} times by one browser"
        ),
        figures=inbox,
        quick=quick,
    )


def _inbox(conversations: int) -> Mapping[str, str]:
    middle = conversations // 2
    return {
        "inbox": "/inbox",
        "inbox, all states": "/inbox?state=any",
        "inbox, by state without any": "/inbox?state=waiting",
        "inbox, failed replies": "/inbox?delivery=failed",
        "inbox, search for a name": f"/inbox?q=customer+{middle}",
        "inbox, search that fits everybody": "/inbox?q=customer",
        "inbox, search for an address": f"/inbox?q={middle}@example.com",
        "inbox, search for a case": f"/inbox?q=SR{middle:08}",
        "inbox, search for nobody": "/inbox?q=nobody",
        "conversation": f"/inbox/{rows.conversation(middle)}",
        f"conversation of {LONG:,} messages": f"/inbox/{rows.conversation(0)}",
    }


async def _page(client: aiohttp.ClientSession, name: str, path: str) -> list[Figure]:
    spent: list[float] = []
    for asked in range(WARM_UP + ASKED):
        began = time.perf_counter()
        async with client.get(path, allow_redirects=False) as answer:
            await answer.read()
        if answer.status != 200:
            raise AssertionError(f"{path} answered {answer.status}")
        if asked >= WARM_UP:
            spent.append(1000 * (time.perf_counter() - began))
    return [
        Figure(f"{name}, median", median(spent), "ms", "at most", GOAL_MS),
        Figure(f"{name}, p95", percentile(spent, 0.95), "ms"),
    ]


async def _happen(ground: Ground) -> None:
    link = await asyncpg.connect(ground.administrator_dsn)
    try:
        await link.execute(
            ACCIDENTS.format(
                messages=MESSAGES_EACH,
                long=LONG,
                failed=FAILED,
                conversation=rows.conversation(0),
            )
        )
    finally:
        await link.close()


async def _signed_in(ground: Ground) -> str:
    """The cookie of an administrator."""
    organisation, user = ground.connection.organisation, uuid4()
    async with open_pool(ground.settings, ground.dsn, Right.WEB, 2) as pool:
        async with transaction(pool, organisation) as link:
            await link.execute(
                "INSERT INTO user_account (organisation_id, id, email, name, role)"
                " VALUES ($1, $2, 'mara@example.com', 'Mara Vogt', $3)",
                *(organisation, user, Role.ADMIN),
            )
        token = await people_over(pool).sessions.begin(
            organisation, user, agent="bench", actor=Actor("mara@example.com")
        )
    return token.reveal()
