"""The worker's own clock: no call to another side once the lease may have run out."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from caseway.ports import Claimed, Looks


class Overslept(Exception):
    """The lease ran out by our own clock."""


class OwnClock:
    """Counts from before the claim was sent, so it is never later than the database's."""

    def __init__(
        self, lease: timedelta, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._lease = lease.total_seconds()
        self.now = monotonic
        self._until = monotonic() + self._lease

    def check(self) -> None:
        """Raise `Overslept` unless the lease holds. Stands before every remote call."""
        if self.now() >= self._until:
            raise Overslept

    def renewed(self, asked_at: float) -> None:
        self._until = asked_at + self._lease


@asynccontextmanager
async def renewing(
    looks: Looks, claimed: Claimed, clock: OwnClock, every: timedelta
) -> AsyncIterator[None]:
    """Renews the lease from the same event loop that does the work, so both stall together."""
    pause = every.total_seconds()

    async def renew() -> None:
        while True:
            await asyncio.sleep(pause)
            asked_at = clock.now()
            if not await looks.renew(claimed):
                return  # the next fenced write says so
            clock.renewed(asked_at)

    async with asyncio.TaskGroup() as tasks:
        renewal = tasks.create_task(renew())
        try:
            yield
        finally:
            renewal.cancel()
