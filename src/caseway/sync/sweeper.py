"""Asks each Creatio what changed since: makes certain what webhooks make instant."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from caseway.domain.connection import Connection
from caseway.domain.ids import ConnectionKey
from caseway.domain.remote import Page
from caseway.domain.sweeping import ACTIVITY, next_sweep
from caseway.ports import CallCounter, FencedOut, Later, Never, SweepClaim, Sweeps, Ticketing

log = structlog.get_logger()

PAGE: Final = 500
LARGEST_PAGE: Final = 20_000  # Creatio's own cap
MOST_PAGES: Final = 200  # a pass; the next one goes on from the watermark
WEBHOOKS_WORK: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Sweeper:
    sweeps: Sweeps
    connections: Callable[[], Awaitable[Sequence[Connection]]]
    ticketing: Callable[[Connection], Ticketing]
    calls: Callable[[ConnectionKey], CallCounter]
    healed: Callable[[int], None]  # counts what no webhook told of

    async def pass_over(self) -> int:
        """Sweep all that is due, one after another; how many conversations were triggered."""
        connections = {c.key: c for c in await self.connections() if c.settings.sweeping.enabled}
        triggered = 0
        for key, entity in await self.sweeps.due(list(connections)):
            claim = await self.sweeps.claim(key, entity)
            if claim is not None:
                triggered += await self._sweep(claim, connections[key])
        return triggered

    async def _sweep(self, claim: SweepClaim, connection: Connection) -> int:
        trouble, triggered, healed = None, 0, 0
        try:
            triggered, healed = await self._pages(claim, self.ticketing(connection))
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
            calls_a_day=connection.settings.calls_a_day,
            used_today=self.calls(claim.connection).used_today(),
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
