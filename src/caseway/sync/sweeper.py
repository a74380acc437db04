"""Asks each Creatio what changed since: makes certain what webhooks make instant."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from caseway.domain.connection import Connection
from caseway.domain.ids import ConnectionKey
from caseway.domain.remote import Page
from caseway.domain.sweeping import ACTIVITY, OPEN_CASES, may_sweep, next_sweep
from caseway.ports import CallCounter, FencedOut, Later, Never, SweepClaim, Sweeps, Ticketing
from caseway.sync.away import Away, away_because
from caseway.sync.comparison import compare

log = structlog.get_logger()

PAGE: Final = 500
LARGEST_PAGE: Final = 20_000  # Creatio's own cap
MOST_PAGES: Final = 200  # a pass; the next one goes on from the watermark
AT_ONCE: Final = 32  # connections that one process sweeps side by side
WEBHOOKS_WORK: Final = timedelta(days=1)

Due = dict[ConnectionKey, list[str]]


@dataclass(frozen=True, slots=True)
class Sweeper:
    sweeps: Sweeps
    connections: Callable[[], Awaitable[Sequence[Connection]]]
    ticketing: Callable[[Connection], Ticketing]
    calls: Callable[[ConnectionKey], CallCounter]
    healed: Callable[[int], None]  # counts what no webhook told of
    away: Away
    _under_way: set[ConnectionKey] = field(default_factory=set)

    async def pass_over(self) -> int:
        """Sweep all that is due and wait for it; how many conversations were triggered."""
        connections, due = await self._due()
        return sum([await self._connection(connections[key], due[key]) for key in due])

    async def keep_on(self, stopping: asyncio.Event, *, every: timedelta) -> None:
        """Sweep whatever is due until `stopping`: a connection that is slow holds up no other."""
        async with asyncio.TaskGroup() as tasks:
            begun: set[asyncio.Task[None]] = set()
            try:
                while not stopping.is_set():
                    connections, due = await self._due()
                    for key in list(due)[: AT_ONCE - len(self._under_way)]:
                        begun.add(tasks.create_task(self._alone(connections[key], due[key])))
                    begun = {task for task in begun if not task.done()}
                    await _pause(stopping, every)
            finally:
                for task in begun:
                    task.cancel()  # what it had not kept is read again by the next sweep

    async def _alone(self, connection: Connection, entities: Sequence[str]) -> None:
        """What goes wrong inside is nobody else's trouble; a bug of ours is loud."""
        try:
            await self._connection(connection, entities)
        except Exception as failure:
            if reason := away_because(failure, self.away):
                log.warning("store.away", reason=reason, connection=connection.name)
            else:
                log.exception("sweep.broke", connection=connection.name)

    async def _due(self) -> tuple[dict[ConnectionKey, Connection], Due]:
        connections = {c.key: c for c in await self.connections() if c.settings.sweeping.enabled}
        due: Due = defaultdict(list)
        for key, entity in await self.sweeps.due(list(connections)):
            if key not in self._under_way:
                due[key].append(entity)
        return connections, due

    async def _connection(self, connection: Connection, entities: Sequence[str]) -> int:
        self._under_way.add(connection.key)
        triggered = 0
        try:
            for entity in entities:
                claim = await self.sweeps.claim(connection.key, entity)
                if claim is None:
                    continue
                sweep = self._compare if entity == OPEN_CASES else self._sweep
                triggered += await sweep(claim, connection)
        finally:
            self._under_way.discard(connection.key)
        return triggered

    async def _compare(self, claim: SweepClaim, connection: Connection) -> int:
        return await compare(
            claim,
            self.sweeps,
            self.ticketing(connection),
            calls_a_day=connection.settings.calls_a_day,
            calls=self.calls(claim.connection),
        )

    async def _sweep(self, claim: SweepClaim, connection: Connection) -> int:
        trouble, triggered, healed = None, 0, 0
        calls_a_day = connection.settings.calls_a_day
        calls = self.calls(claim.connection)
        try:
            if may_sweep(calls_a_day=calls_a_day, used_today=calls.used_today()):
                triggered, healed = await self._pages(claim, self.ticketing(connection))
            else:
                trouble = "The day's calls are used up but for those that replies need."
        except (Later, Never) as failure:
            trouble = str(failure)
            log.warning("sweep.failed", connection=connection.name, reason=trouble)
        except FencedOut:
            return 0
        if healed:
            self.healed(healed)
            log.warning("sweep.healed", connection=connection.name, replies=healed)
        last_used = await self.sweeps.webhooks_last_used(claim.connection)
        now = datetime.now(tz=UTC)
        pause = next_sweep(
            claim.entity,
            now=now,
            chosen=connection.settings.sweeping.interval,
            webhooks_work=last_used is not None and now - last_used < WEBHOOKS_WORK,
            just_missed=healed > 0,
            calls_a_day=calls_a_day,
            used_today=calls.used_today(),
        )
        await self.sweeps.release(claim, next_in=pause, trouble=trouble)
        return triggered

    async def _pages(self, claim: SweepClaim, ticketing: Ticketing) -> tuple[int, int]:
        """Each page from the last stamp read: rows that change meanwhile move to the end."""
        if claim.watermark is None:
            await self.sweeps.begin(claim, await ticketing.time())
            return 0, 0
        since = claim.watermark - claim.overlap
        size, triggered, healed = PAGE, 0, 0
        for _ in range(MOST_PAGES):
            page = await self._page(claim, ticketing, since, size)
            found = await self.sweeps.keep(claim, page)
            triggered += found.triggered
            healed += found.healed
            if not page.full:
                break
            last = page.rows[-1].modified_on
            if last == since or page.rows[0].modified_on == last:
                if size >= LARGEST_PAGE:
                    last += timedelta(microseconds=1)  # more rows of one stamp than Creatio shows
                size = min(size * 2, LARGEST_PAGE)
            since = last
        return triggered, healed

    async def _page(
        self, claim: SweepClaim, ticketing: Ticketing, since: datetime, size: int
    ) -> Page:
        if claim.entity == ACTIVITY:
            return await ticketing.changed_activities(since, size)
        return await ticketing.changed_cases(since, size)


async def _pause(stopping: asyncio.Event, span: timedelta) -> None:
    try:
        async with asyncio.timeout(span.total_seconds()):
            await stopping.wait()
    except TimeoutError:
        return
