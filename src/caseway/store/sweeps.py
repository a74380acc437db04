"""The sweep's memory: watermarks, seen ids, and the marks that follow from a page."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4

import asyncpg

from caseway.domain.comparing import OpenCase, differences
from caseway.domain.conversation import Hint
from caseway.domain.ids import (
    ActivityId,
    CaseId,
    ConnectionId,
    ConnectionKey,
    ConversationKey,
    OrganisationId,
    StatusId,
)
from caseway.domain.remote import Changed, Listing, Page
from caseway.domain.sweeping import ACTIVITY, CASE, OPEN_CASES, watermark
from caseway.ports import FencedOut, Found, SweepClaim
from caseway.store import rows
from caseway.store.marks import mark
from caseway.store.queries import load
from caseway.store.queue import enqueue_all

if TYPE_CHECKING:
    from caseway.store.queries import Connection

SQL: Final = load("sweeps")
LEASE: Final = timedelta(seconds=25)  # outlives a call (10 s); taken anew for each page
LATELY: Final = timedelta(minutes=10)


class PostgresSweeps:
    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    async def due(
        self, connections: Sequence[ConnectionKey]
    ) -> Sequence[tuple[ConnectionKey, str]]:
        if not connections:
            return []
        where = {
            "organisations": [c.organisation for c in connections],
            "connections": [c.connection for c in connections],
        }
        await SQL["ensure_cursors"].execute(self._pool, **where)
        found = await SQL["due"].fetch(self._pool, **where)
        return [
            (
                ConnectionKey(
                    OrganisationId(r["organisation_id"]), ConnectionId(r["connection_id"])
                ),
                r["entity"],
            )
            for r in found
        ]

    async def claim(self, connection: ConnectionKey, entity: str) -> SweepClaim | None:
        row = await SQL["claim"].fetchrow(
            self._pool, **_connection(connection), entity=entity, lease=LEASE
        )
        if row is None:
            return None
        return SweepClaim(connection, entity, row["lease_epoch"], row["watermark"], row["overlap"])

    async def begin(self, claim: SweepClaim, watermark: datetime) -> None:
        async with self._pool.acquire() as connection, connection.transaction():
            await self._fence(connection, claim)
            await SQL["move"].execute(connection, **_cursor(claim), watermark=watermark)

    async def _fence(self, connection: "Connection", claim: SweepClaim) -> datetime | None:
        row = await SQL["fence"].fetchrow(
            connection, **_cursor(claim), epoch=claim.epoch, lease=LEASE
        )
        if row is None:
            raise FencedOut(claim)
        found: datetime | None = row["watermark"]
        return found

    async def keep(self, claim: SweepClaim, page: Page) -> Found:
        async with self._pool.acquire() as connection, connection.transaction():
            before = await self._fence(connection, claim)
            if not page.rows:
                return Found(0, 0, 0)
            new = await self._unseen(connection, claim, page)
            if claim.entity == ACTIVITY:
                triggered, healed = await self._activities(connection, claim, new)
            else:
                triggered, healed = await self._cases(connection, claim, new), 0
            await SQL["remember"].execute(
                connection,
                **_cursor(claim),
                records=[r.record for r in new],
                modified=[r.modified_on for r in new],
            )
            after = watermark(before, page.rows[-1].modified_on, page.at)
            await SQL["move"].execute(connection, **_cursor(claim), watermark=after)
            await SQL["forget"].execute(connection, **_cursor(claim))
            # CRASH HERE: nothing of this page was kept; the next sweep reads it again.
        return Found(len(new), triggered, healed)

    async def _unseen(
        self, connection: "Connection", claim: SweepClaim, page: Page
    ) -> list[Changed]:
        found = await SQL["unseen"].fetch(
            connection,
            **_cursor(claim),
            records=[r.record for r in page.rows],
            modified=[r.modified_on for r in page.rows],
        )
        return [page.rows[r["at"]] for r in found]

    async def _activities(
        self, connection: "Connection", claim: SweepClaim, new: list[Changed]
    ) -> tuple[int, int]:
        with_case = [r for r in new if r.case is not None]
        found = await SQL["activities_to_look_at"].fetch(
            connection,
            **_connection(claim.connection),
            records=[r.record for r in with_case],
            cases=[r.case for r in with_case],
        )
        current = [r for r in found if not r["earlier"]]
        earlier = [r for r in found if r["earlier"]]
        triggered = await self._trigger(connection, current, Hint.ACTIVITIES)
        triggered += await self._trigger(connection, earlier, Hint.EARLIER)
        last_used = await self._last_used(connection, claim.connection)
        stamps = {r.record: r.modified_on for r in with_case}
        healed = 0
        outcomes: list[str] = []
        theirs = [r for r in found if not r["planned"]]
        for row in theirs:
            missed = last_used is not None and not await SQL["recent_word"].fetchval(
                connection,
                organisation=row["organisation_id"],
                conversation=row["id"],
                since=stamps[row["record"]] - LATELY,
            )
            healed += missed
            outcomes.append("healed" if missed else "accepted")
        await self._note(connection, claim, theirs, "new_activity", outcomes)
        return triggered, healed

    async def _cases(self, connection: "Connection", claim: SweepClaim, new: list[Changed]) -> int:
        found = await SQL["cases_to_look_at"].fetch(
            connection,
            **_connection(claim.connection),
            cases=[r.record for r in new],
            statuses=[r.status for r in new],
        )
        await self._note(connection, claim, found, "case_updated", ["accepted"] * len(found))
        return await self._trigger(connection, found, Hint.CASE)

    async def _trigger(
        self, connection: "Connection", found: Sequence[asyncpg.Record], hints: int
    ) -> int:
        keys = {rows.key_of(r) for r in found}
        await self._mark(connection, keys, hints)
        return len(keys)

    async def _mark(
        self, connection: "Connection", keys: Collection[ConversationKey], hints: int
    ) -> None:
        fresh = [
            key
            for key in sorted(keys, key=lambda k: (k.organisation, k.conversation))
            if await mark(connection, key, hints)
        ]
        await enqueue_all(connection, fresh)

    async def _note(
        self,
        connection: "Connection",
        claim: SweepClaim,
        found: Sequence[asyncpg.Record],
        event_type: str,
        outcomes: Sequence[str],
    ) -> None:
        if not found:
            return
        many = len(found)
        why = {
            "healed": "Found by asking Creatio: no webhook had told of it.",
            "accepted": "Found by asking Creatio.",
        }
        await SQL["note_findings"].execute(
            connection,
            ids=[uuid4() for _ in found],
            organisations=[claim.connection.organisation] * many,
            connections=[claim.connection.connection] * many,
            types=[event_type] * many,
            cases=[r["case_id"] for r in found],
            conversations=[r["id"] for r in found],
            outcomes=list(outcomes),
            reasons=[why[o] for o in outcomes],
        )

    async def open_cases(self, claim: SweepClaim, limit: int) -> Sequence[OpenCase]:
        found = await SQL["open_cases"].fetch(
            self._pool, **_connection(claim.connection), limit=limit
        )
        return [
            OpenCase(
                rows.key_of(r),
                CaseId(r["case_id"]),
                r["agreed_status"] and StatusId(r["agreed_status"]),
                r["has_activities"],
            )
            for r in found
        ]

    async def compared(self, claim: SweepClaim, cases: Sequence[OpenCase], listing: Listing) -> int:
        where = _connection(claim.connection)
        async with self._pool.acquire() as connection, connection.transaction():
            await self._fence(connection, claim)
            linked = await SQL["linked"].fetch(
                connection, **where, activities=list(listing.activities)
            )
            known = {ActivityId(r["activity_id"]) for r in linked}
            found = differences(cases, listing, known)
            for hints in sorted(set(found.values())):
                keys = [key for key, wanted in found.items() if wanted == hints]
                await self._mark(connection, keys, hints)
            await SQL["come_to"].execute(
                connection, **where, through=cases[-1].case if cases else None
            )
            # CRASH HERE: these cases are compared again.
        return len(found)

    async def release(self, claim: SweepClaim, *, next_in: timedelta, trouble: str | None) -> None:
        await SQL["release"].execute(
            self._pool, **_cursor(claim), epoch=claim.epoch, next_in=next_in, trouble=trouble
        )

    async def hurry(self, connection: ConnectionKey, *, full: bool = False) -> int:
        entities = [ACTIVITY, CASE, *([OPEN_CASES] if full else [])]
        return len(
            await SQL["hurry"].fetch(self._pool, **_connection(connection), entities=entities)
        )

    async def webhooks_last_used(self, connection: ConnectionKey) -> datetime | None:
        async with self._pool.acquire() as link:
            return await self._last_used(link, connection)

    async def _last_used(self, link: "Connection", connection: ConnectionKey) -> datetime | None:
        found: datetime | None = await SQL["webhooks_last_used"].fetchval(
            link, **_connection(connection)
        )
        return found


def _connection(key: ConnectionKey) -> dict[str, UUID]:
    return {"organisation": key.organisation, "connection": key.connection}


def _cursor(claim: SweepClaim) -> dict[str, object]:
    return {**_connection(claim.connection), "entity": claim.entity}
