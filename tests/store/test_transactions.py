"""The web's transactions end with whoever began them."""

import asyncio
from typing import Any
from uuid import uuid4

import asyncpg

from caseway.domain.ids import OrganisationId
from caseway.store.transactions import transaction


async def test_whoever_hangs_up_at_any_moment_leaves_no_transaction_open(
    web_pool: "asyncpg.Pool[asyncpg.Record]",
) -> None:
    said: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: said.append(context))
    organisation = OrganisationId(uuid4())
    ended = asyncio.Event()

    async def ask() -> None:
        async with transaction(web_pool, organisation) as link:
            await link.fetchval("SELECT 1")
        ended.set()

    turns = 0
    while not ended.is_set():  # later and later, until it is done before it is cut off
        asking = asyncio.create_task(ask())
        for _ in range(turns):
            await asyncio.sleep(0)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        turns += 1
    assert said == []
    async with web_pool.acquire() as link:
        assert not link.is_in_transaction()
