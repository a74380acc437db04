"""What arrives by webhook, counted by token and event type: the waiting lights."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg
import structlog

from caseway.domain.adoption import Outcome
from caseway.ports import NewEvent
from caseway.store.queries import load
from caseway.store.reached import UNREACHED

log = structlog.get_logger()
SQL: Final = load("arrivals")
EVERY_S: Final = 1.0

Place = tuple[UUID, UUID, str, str]  # organisation, connection, token's name, event type


@dataclass(slots=True)
class Sum:
    first_at: datetime
    last_at: datetime
    calls: int = 0
    without_case: int = 0
    rejected: int = 0

    def add(self, other: "Sum") -> None:
        self.first_at = min(self.first_at, other.first_at)
        self.last_at = max(self.last_at, other.last_at)
        self.calls += other.calls
        self.without_case += other.without_case
        self.rejected += other.rejected


class Arrivals:
    """Summed in memory and written once a second: a crash loses a second of figures."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool
        self._sums: dict[Place, Sum] = {}

    def note(self, event: NewEvent, at: datetime) -> None:
        """Of a call that was kept; our own tests are no arrival."""
        if event.test:
            return
        rejected = event.outcome is Outcome.REJECTED
        one = Sum(at, at, 1, int(event.case is None and not rejected), int(rejected))
        self._add((event.organisation, event.connection, event.token_name, event.type), one)

    def _add(self, place: Place, one: Sum) -> None:
        if place in self._sums:
            self._sums[place].add(one)
        else:
            self._sums[place] = one

    async def write(self) -> None:
        if not self._sums:
            return
        taken, self._sums = self._sums, {}
        try:
            await SQL["add"].execute(
                self._pool,
                organisations=[place[0] for place in taken],
                connections=[place[1] for place in taken],
                token_names=[place[2] for place in taken],
                types=[place[3] for place in taken],
                firsts=[one.first_at for one in taken.values()],
                lasts=[one.last_at for one in taken.values()],
                calls=[one.calls for one in taken.values()],
                without_case=[one.without_case for one in taken.values()],
                rejected=[one.rejected for one in taken.values()],
            )
        except UNREACHED as failure:
            log.warning("arrivals.not_saved", reason=type(failure).__name__)
            for place, one in taken.items():
                self._add(place, one)

    async def run(self) -> None:
        """Until it is cancelled; what is left then is written once more."""
        try:
            while True:
                await asyncio.sleep(EVERY_S)
                await self.write()
        finally:
            await self.write()
