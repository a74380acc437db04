"""The audit log as people read it, and the one thing that no change writes into it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg

from caseway.domain.actor import Actor
from caseway.domain.ids import OrganisationId
from caseway.ports import AuditEntry
from caseway.store.audit import Kind, record
from caseway.store.queries import load
from caseway.store.transactions import transaction

SQL: Final = load("audit_log")


class PostgresAuditLog:
    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    async def page(
        self, organisation: OrganisationId, *, most: int, before: tuple[datetime, UUID] | None
    ) -> Sequence[AuditEntry]:
        async with transaction(self._pool, organisation) as link:
            if before is None:
                rows = await SQL["newest"].fetch(link, organisation=organisation, most=most)
            else:
                at, last = before
                rows = await SQL["older"].fetch(
                    link, organisation=organisation, most=most, at=at, id=last
                )
        return [
            AuditEntry(
                id=row["id"],
                at=row["at"],
                actor=row["actor"],
                action=row["action"],
                subject=row["subject"],
                source=row["source"],
                before=row["before"] or "",
                after=row["after"] or "",
            )
            for row in rows
        ]

    async def refused(self, organisation: OrganisationId, actor: Actor, door: str) -> None:
        async with transaction(self._pool, organisation) as link:
            await record(link, organisation, actor=actor, action="refused", kind=Kind.DOOR, id=door)
