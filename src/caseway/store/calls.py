"""Creatio's calls are a budget: counted in memory, added to the day's rows once a second."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import asyncpg

from caseway.domain.ids import ConnectionId, ConnectionKey, OrganisationId
from caseway.ports import Call
from caseway.store.queries import load

SQL: Final = load("calls")


@dataclass(slots=True)
class Tally:
    """One connection's count: `ports.CallCounter`."""

    today: int = 0  # of all processes, as last read, and ours since
    unsaved: Counter[str] = field(default_factory=Counter)
    lately: bool = False
    counted: Callable[[Call], None] = lambda _call: None

    def count(self, call: Call) -> None:
        self.lately = True
        self.counted(call)
        self.unsaved[call.kind] += call.calls
        self.today += call.calls

    def used_today(self) -> int:
        return self.today

    def used_lately(self) -> bool:
        """Since the last time this was asked."""
        lately, self.lately = self.lately, False
        return lately


class PostgresCalls:
    """`counted` is told of each call, as it is made."""

    def __init__(
        self,
        pool: "asyncpg.Pool[asyncpg.Record]",
        counted: Callable[[Call], None] = lambda _call: None,
    ) -> None:
        self._pool = pool
        self._counted = counted
        self._tallies: dict[ConnectionKey, Tally] = {}

    def of(self, connection: ConnectionKey) -> Tally:
        return self._tallies.setdefault(connection, Tally(counted=self._counted))

    async def save(self) -> None:
        """Add what was counted, then learn what all processes used. Lost with a crash: a second."""
        taken = [
            (key, kind, calls)
            for key, tally in self._tallies.items()
            for kind, calls in tally.unsaved.items()
        ]
        for tally in self._tallies.values():
            tally.unsaved.clear()
        if taken:
            try:
                await self._add(taken)
            except BaseException:
                for key, kind, calls in taken:
                    self._tallies[key].unsaved[kind] += calls
                raise
        for row in await SQL["today"].fetch(self._pool):
            key = ConnectionKey(
                OrganisationId(row["organisation_id"]), ConnectionId(row["connection_id"])
            )
            tally = self.of(key)
            tally.today = row["calls"] + sum(tally.unsaved.values())

    async def _add(self, taken: Sequence[tuple[ConnectionKey, str, int]]) -> None:
        await SQL["add"].execute(
            self._pool,
            organisations=[key.organisation for key, _, _ in taken],
            connections=[key.connection for key, _, _ in taken],
            kinds=[kind for _, kind, _ in taken],
            calls=[calls for _, _, calls in taken],
        )
