"""The receiver's commit, shared by the requests that arrive together.

While one batch is being committed the next gathers, so a batch is as large as the load makes it
and nobody waits for a timer.
"""

import asyncio
from collections import deque
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Self

import asyncpg

from caseway.domain.ids import ConversationId, ConversationKey
from caseway.ports import KeptEvent, Later, NewEvent, Overloaded
from caseway.store.arrivals import Arrivals
from caseway.store.queries import load
from caseway.store.queue import enqueue_all

if TYPE_CHECKING:
    from caseway.store.queries import Connection

SQL: Final = load("webhooks")
MOST_WAITING: Final = 2_000
MOST_AT_ONCE: Final = 250
WRITERS: Final = 2  # one commits while the other gathers
PATIENCE: Final = timedelta(seconds=4)  # Creatio repeats a call that takes over 5 s

Waiting = tuple[NewEvent, "asyncio.Future[KeptEvent]"]


class SharedCommit:
    """Use as a context manager: its writers live as long as it does."""

    def __init__(
        self, pool: "asyncpg.Pool[asyncpg.Record]", *, patience: timedelta = PATIENCE
    ) -> None:
        self._pool = pool
        self._patience_s = patience.total_seconds()
        self._waiting: deque[Waiting] = deque()
        self._arrived = asyncio.Event()
        self._writers: list[asyncio.Task[None]] = []
        self._arrivals = Arrivals(pool)

    async def __aenter__(self) -> Self:
        self._writers = [asyncio.create_task(self._write()) for _ in range(WRITERS)]
        self._writers.append(asyncio.create_task(self._arrivals.run()))
        return self

    async def __aexit__(self, *raised: object) -> None:
        for writer in self._writers:
            writer.cancel()
        await asyncio.gather(*self._writers, return_exceptions=True)
        while self._waiting:
            _, answer = self._waiting.popleft()
            if not answer.done():
                answer.set_exception(Later("stopping", maybe_taken=False))

    async def keep(self, event: NewEvent) -> KeptEvent:
        if len(self._waiting) >= MOST_WAITING:
            raise Overloaded
        answer: asyncio.Future[KeptEvent] = asyncio.get_running_loop().create_future()
        self._waiting.append((event, answer))
        self._arrived.set()
        return await answer

    async def _write(self) -> None:
        while True:
            if not self._waiting:
                self._arrived.clear()
                await self._arrived.wait()
                continue
            many = min(len(self._waiting), MOST_AT_ONCE)
            batch = [self._waiting.popleft() for _ in range(many)]
            await self._commit(batch)

    async def _commit(self, batch: list[Waiting]) -> None:
        try:
            async with asyncio.timeout(self._patience_s):
                kept = await self._keep([event for event, _ in batch])
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as failure:
            # Kept or not, we do not know: 503, and the repeat is harmless.
            reason = f"the store cannot be reached ({type(failure).__name__})"
            for _, answer in batch:
                if not answer.done():
                    answer.set_exception(Later(reason, maybe_taken=True))
        except Exception as bug:  # noqa: BLE001 - loud in every request; the next batch goes on
            for _, answer in batch:
                if not answer.done():
                    answer.set_exception(bug)
        else:
            for (_, answer), one in zip(batch, kept, strict=True):
                if not answer.done():
                    answer.set_result(one)

    async def _keep(self, events: list[NewEvent]) -> list[KeptEvent]:
        async with self._pool.acquire() as connection, connection.transaction():
            rows = await _insert(connection, events)
            fresh = {
                ConversationKey(event.organisation, ConversationId(row["conversation"])): None
                for event, row in zip(events, rows, strict=True)
                if row["fresh"]
            }
            await enqueue_all(connection, list(fresh))
            # CRASH HERE: nothing was kept or answered; Creatio repeats, or the sweep finds.
        for event, row in zip(events, rows, strict=True):
            if row["holds"]:
                self._arrivals.note(event, row["at"])
        return [KeptEvent(row["holds"], row["conversation"]) for row in rows]


async def _insert(connection: "Connection", events: list[NewEvent]) -> list[asyncpg.Record]:
    return await SQL["keep_events"].fetch(
        connection,
        ids=[e.id for e in events],
        organisations=[e.organisation for e in events],
        connections=[e.connection for e in events],
        tokens=[e.token for e in events],
        token_names=[e.token_name for e in events],
        sources=[e.source for e in events],
        types=[e.type for e in events],
        cases=[e.case for e in events],
        outcomes=[e.outcome for e in events],
        reasons=[e.reason for e in events],
        bodies=[e.body for e in events],
        tests=[e.test for e in events],
    )
