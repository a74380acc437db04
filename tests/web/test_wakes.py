"""Pages hear of changes, also after the connection that told them was lost."""

import asyncio
from uuid import uuid4

import asyncpg

from caseway.domain.ids import ConversationId
from caseway.store.wakes import PostgresWakes
from tests.database import Database
from tests.web.conftest import eventually


async def test_a_lost_listener_comes_back_and_says_that_it_may_have_missed_something(
    database: Database, owner_pool: "asyncpg.Pool[asyncpg.Record]"
) -> None:
    heard: list[ConversationId | None] = []
    wakes = PostgresWakes(database.dsn)
    following = asyncio.create_task(wakes.follow(heard.append))
    try:

        async def listening() -> bool:
            return wakes.is_listening

        await eventually(listening)
        first, second = ConversationId(uuid4()), ConversationId(uuid4())
        await owner_pool.execute("SELECT pg_notify('caseway_pages', $1)", str(first))
        await owner_pool.execute("SELECT pg_notify('caseway_pages', 'nonsense')")

        async def heard_both() -> bool:
            return heard == [None, first, None]

        await eventually(heard_both)
        await owner_pool.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )

        async def back() -> bool:
            return heard[3:] == [None]

        await eventually(back)
        await owner_pool.execute("SELECT pg_notify('caseway_pages', $1)", str(second))

        async def heard_again() -> bool:
            return heard[3:] == [None, second]

        await eventually(heard_again)
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
