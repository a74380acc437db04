"""Jobs reach the worker at once, survive a lost listener, and stop when told."""

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import asyncpg

from caseway.domain.ids import ConversationId, ConversationKey, OrganisationId
from caseway.store.consumer import consume
from caseway.store.queue import enqueue, enqueue_all
from caseway.store.roles import Role
from tests.database import Database

DEADLINE_S = 20.0


def new_key() -> ConversationKey:
    return ConversationKey(OrganisationId(uuid4()), ConversationId(uuid4()))


async def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + DEADLINE_S
    while not true():
        assert time.monotonic() < end, "it never came true"
        await asyncio.sleep(0.01)


class Consuming:
    """Rounds of `consume`, begun anew when one ends, as the worker does."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", dsn: str) -> None:
        self.pool, self.dsn = pool, dsn
        self.looked: list[ConversationKey] = []
        self.stopping = asyncio.Event()
        self.rounds = 0
        self.connections: list[asyncpg.Connection[asyncpg.Record]] = []

    async def connect(self) -> "asyncpg.Connection[asyncpg.Record]":
        made = await asyncpg.connect(self.dsn, server_settings={"role": str(Role.SYNC)})
        self.connections.append(made)
        return made

    async def look(self, key: ConversationKey) -> None:
        self.looked.append(key)

    async def run(self) -> None:
        while not self.stopping.is_set():
            self.rounds += 1
            await consume(
                self.pool,
                self.connect,
                self.look,
                at_once=32,
                stopping=self.stopping,
                deadline=timedelta(seconds=DEADLINE_S),
            )


async def test_a_job_wakes_the_worker(
    pool: "asyncpg.Pool[asyncpg.Record]", database: Database
) -> None:
    consuming = Consuming(pool, database.dsn)
    key = new_key()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(consuming.run())
        async with pool.acquire() as connection:
            await enqueue(connection, key)
        await until(lambda: consuming.looked == [key])
        consuming.stopping.set()
    assert await pool.fetchval("SELECT count(*) FROM queue.pgqueuer") == 0


async def test_a_later_job_comes_at_its_time(
    pool: "asyncpg.Pool[asyncpg.Record]", database: Database
) -> None:
    consuming = Consuming(pool, database.dsn)
    late, soon = new_key(), new_key()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(consuming.run())
        async with pool.acquire() as connection, connection.transaction():
            await enqueue_all(connection, [late, soon], delays=[timedelta(seconds=1), timedelta(0)])
            due = await connection.fetchval("SELECT now() + interval '1 second'")
        # Their order is not asked for: a worker that begins a second late finds both ready.
        await until(lambda: late in consuming.looked)
        came = await pool.fetchval("SELECT clock_timestamp()")
        await until(lambda: soon in consuming.looked)
        consuming.stopping.set()
    assert came >= due
    assert len(consuming.looked) == len({*consuming.looked} & {soon, late}) == 2


async def test_a_lost_listener_is_replaced(
    pool: "asyncpg.Pool[asyncpg.Record]", database: Database
) -> None:
    consuming = Consuming(pool, database.dsn)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(consuming.run())
        await until(lambda: bool(consuming.connections))
        consuming.connections[0].terminate()
        await until(lambda: consuming.rounds == 2)
        key = new_key()
        async with pool.acquire() as connection:
            await enqueue(connection, key)
        await until(lambda: consuming.looked == [key])
        consuming.stopping.set()
