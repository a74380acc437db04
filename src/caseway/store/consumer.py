"""Takes jobs from PgQueuer and hands each conversation's key to the worker.

A lost LISTEN connection is not restored by PgQueuer, so this holds one connection of its own for
it and ends the round when that connection ends; the caller begins the next round.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

import asyncpg
import structlog
from pgqueuer.adapters.drivers.asyncpg import AsyncpgPoolDriver
from pgqueuer.adapters.persistence.qb import (
    QueryBuilderEnvironment,
    QueryQueueBuilder,
    QuerySchedulerBuilder,
)
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.core.qm import QueueManager
from pgqueuer.models import Job
from pgqueuer.types import Channel

from caseway.domain.ids import ConversationKey
from caseway.store.queue import LOOK, SETTINGS

log = structlog.get_logger()

HEARTBEAT: Final = timedelta(seconds=10)  # takeover of a dead worker's jobs: at most the sum
POLL: Final = timedelta(seconds=5)
BATCH: Final = 16
PROBE_EVERY_S: Final = 5.0


class Listener(AsyncpgPoolDriver):
    """The pool for queries, one connection of our own for LISTEN, whose end we see."""

    def __init__(
        self,
        pool: "asyncpg.Pool[asyncpg.Record]",
        listening: "asyncpg.Connection[asyncpg.Record]",
    ) -> None:
        super().__init__(pool)
        self._listening = listening
        self.turn = asyncio.Lock()  # one statement at a time on the listening connection

    async def add_listener(self, channel: str, callback: Callable[..., None]) -> None:
        def relay(_connection: object, _pid: int, _channel: str, payload: object) -> None:
            callback(payload)

        async with self.turn:
            await self._listening.add_listener(channel, relay)


async def consume(
    pool: "asyncpg.Pool[asyncpg.Record]",
    connect: Callable[[], Awaitable["asyncpg.Connection[asyncpg.Record]"]],
    look: Callable[[ConversationKey], Awaitable[None]],
    *,
    at_once: int,
    stopping: asyncio.Event,
    deadline: timedelta,
) -> None:
    """One round: until `stopping`, or until the listening connection is lost.

    When stopping, no more jobs are taken, and those in hand get `deadline` to end; what is not
    done by then is taken over by another worker. `connect` opens a direct connection: LISTEN does
    not work behind a transaction pooler.
    """
    listening = await connect()
    lost = asyncio.Event()
    listening.add_termination_listener(lambda _connection: lost.set())
    listener = Listener(pool, listening)
    queries = Queries(
        listener,
        qbe=QueryBuilderEnvironment(settings=SETTINGS),
        qbq=QueryQueueBuilder(settings=SETTINGS),
        qbs=QuerySchedulerBuilder(settings=SETTINGS),
    )
    manager = QueueManager(queries, channel=Channel(SETTINGS.channel))

    @manager.entrypoint(LOOK, accepts_context=False)
    async def on_job(job: Job) -> None:
        try:
            key = ConversationKey.from_bytes(job.payload or b"")
        except ValueError:
            log.exception("job.unreadable", job=job.id)
            return
        await look(key)

    running = asyncio.create_task(
        manager.run(
            dequeue_timeout=POLL,
            batch_size=BATCH,
            max_concurrent_tasks=max(at_once, 2 * BATCH),
            heartbeat_timeout=HEARTBEAT,
            log_aggregation_interval=timedelta(0),
        )
    )
    watching = asyncio.create_task(_watch(listening, lost, listener.turn))
    asked = asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait({running, watching, asked}, return_when=asyncio.FIRST_COMPLETED)
        manager.shutdown.set()
        await asyncio.wait({running}, timeout=deadline.total_seconds())
        if running.done() and running.exception() and not lost.is_set():
            raise running.exception() or RuntimeError
    finally:
        for task in (running, watching, asked):
            task.cancel()
        await asyncio.gather(running, watching, asked, return_exceptions=True)
        if not listening.is_closed():
            listening.terminate()


async def _watch(
    listening: "asyncpg.Connection[asyncpg.Record]", lost: asyncio.Event, turn: asyncio.Lock
) -> None:
    """Ends when the listening connection is silent or gone."""
    while not lost.is_set():
        try:
            async with asyncio.timeout(PROBE_EVERY_S), turn:
                await listening.fetchval("SELECT 1")
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            log.warning("queue.listener_lost")
            return
        try:
            async with asyncio.timeout(PROBE_EVERY_S):
                await lost.wait()
        except TimeoutError:
            continue
    log.warning("queue.listener_lost")
