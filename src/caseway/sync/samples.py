"""The newest activities of our cases, read once and kept a while.

Whoever tries one reply rule after the other costs Creatio nothing; what was read last outlives an
outage, in this process's memory: it shows, it decides nothing.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from caseway.domain.connection import Connection
from caseway.domain.ids import ConnectionKey
from caseway.domain.remote import Activity
from caseway.ports import (
    Later,
    Never,
    OurCase,
    OurCases,
    Sample,
    Sampled,
    Ticketing,
)

FRESH: Final = timedelta(minutes=2)
MOST_ACTIVITIES: Final = 10
MOST_CASES: Final = 12  # as many as one call asks for
MOST_KEPT: Final = 64

Kept = tuple[datetime, Sequence[Activity], Sequence[OurCase]]


class NewestActivities:
    def __init__(
        self,
        cases: OurCases,
        ticketing: Callable[[Connection], Ticketing],
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cases = cases
        self._ticketing = ticketing
        self._monotonic = monotonic
        self._kept: dict[tuple[ConnectionKey, str], tuple[float, Kept]] = {}

    async def newest(
        self, connection: Connection, *, marked_by: str = "", anew: bool = False
    ) -> Sample:
        """`marked_by` reads one column more; two people at once may cost two calls."""
        asked = (connection.key, marked_by)
        age, kept = self._kept.get(asked, (float("-inf"), None))
        if kept is not None and not anew and self._monotonic() < age + FRESH.total_seconds():
            return await self._sample(connection.key, kept)
        try:
            kept = await self._read(connection, marked_by)
        except (Later, Never) as failure:
            known = kept or self._any_of(connection.key)
            sample = await self._sample(connection.key, known) if known else Sample((), None)
            remedy = failure.remedy if isinstance(failure, Later) else ""
            refused = isinstance(failure, Never)
            return replace(sample, trouble=str(failure), remedy=remedy, is_refused=refused)
        self._keep(asked, kept)
        return await self._sample(connection.key, kept)

    async def _read(self, connection: Connection, marked_by: str) -> Kept:
        cases = await self._cases.latest(connection.key, MOST_CASES)
        found: Sequence[Activity] = ()
        if cases:
            found = await self._ticketing(connection).newest_activities(
                [about.case for about in cases], MOST_ACTIVITIES, marked_by=marked_by
            )
        return datetime.now(UTC), found, cases

    async def _sample(self, key: ConnectionKey, kept: Kept) -> Sample:
        read_at, activities, cases = kept
        about = {one.case: one for one in cases}
        standings = await self._cases.standings(key, [one.id for one in activities])
        found = [
            Sampled(one, about[one.case], standings.get(one.id))
            for one in activities
            if one.case is not None and one.case in about
        ]
        return Sample(found, read_at)

    def _any_of(self, key: ConnectionKey) -> Kept | None:
        """The last that was read with whatever column."""
        known = [kept for (of, _), (_, kept) in self._kept.items() if of == key]
        return max(known, key=lambda kept: kept[0], default=None)

    def _keep(self, asked: tuple[ConnectionKey, str], kept: Kept) -> None:
        if len(self._kept) >= MOST_KEPT:
            del self._kept[next(iter(self._kept))]
        self._kept[asked] = (self._monotonic(), kept)
