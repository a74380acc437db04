"""The store as the sweep and the healer see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from caseway.domain.comparing import OpenCase
from caseway.domain.ids import (
    ConnectionKey,
)
from caseway.domain.remote import (
    Listing,
    Page,
)


@dataclass(frozen=True, slots=True)
class SweepClaim:
    """One runner's right to sweep one entity of one connection."""

    connection: ConnectionKey
    entity: str  # Activity, Case or OpenCases
    epoch: int
    watermark: datetime | None  # Creatio's time; None: never swept
    overlap: timedelta


@dataclass(frozen=True, slots=True)
class Found:
    """What one page of a sweep brought: rows not seen before, conversations triggered."""

    new: int
    triggered: int
    healed: int  # replies that no webhook told of


class Sweeps(Protocol):
    async def due(
        self, connections: Sequence[ConnectionKey]
    ) -> Sequence[tuple[ConnectionKey, str]]:
        """Which (connection, entity) to sweep now; new connections get their cursors here."""

    async def claim(self, connection: ConnectionKey, entity: str) -> SweepClaim | None: ...

    async def begin(self, claim: SweepClaim, watermark: datetime) -> None:
        """The first watermark: Creatio's time when the connection was first asked."""

    async def keep(self, claim: SweepClaim, page: Page) -> Found:
        """One page: remembered, marks set, watermark moved, all in one transaction."""

    async def open_cases(self, claim: SweepClaim, limit: int) -> Sequence[OpenCase]:
        """Those that this night's comparison has not come to yet, in its order."""

    async def compared(self, claim: SweepClaim, cases: Sequence[OpenCase], listing: Listing) -> int:
        """What differs is marked, and the comparison has come so far: one transaction.

        No cases: it is at its end, and the next one begins anew. How many were marked.
        """

    async def release(
        self, claim: SweepClaim, *, next_in: timedelta, trouble: str | None
    ) -> None: ...

    async def webhooks_last_used(self, connection: ConnectionKey) -> datetime | None: ...


class Healing(Protocol):
    async def heal(self, *, older_than: timedelta) -> int:
        """Jobs for marks and leases that nobody comes back for; how many."""

    async def recover(self) -> int:
        """At start: jobs for all that is due, and for running leases when they are over."""

    async def bring_forward(self, connection: ConnectionKey) -> int: ...

    async def tidy(self, *, keep_events: int, keep_ignored: int, keep_runs: int) -> None:
        """Days prepared and dropped, logs pruned."""
