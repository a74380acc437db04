"""Our own rows behind the preview of the reply rule."""

from collections.abc import Mapping, Sequence
from typing import Final

import asyncpg

from caseway.domain.ids import ActivityId, CaseId, ConnectionKey, ConversationId
from caseway.ports import OurCase, Standing
from caseway.store.queries import load
from caseway.store.transactions import transaction

SQL: Final = load("samples")
AMONG: Final = 500  # the newest conversations; an older one that moves again waits for its turn
ORIGINS: Final = {"ours": Standing.OURS, "theirs": Standing.KEPT}


class PostgresSamples:
    """Bound by the row-level policies."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    async def latest(self, key: ConnectionKey, most: int) -> Sequence[OurCase]:
        async with transaction(self._pool, key.organisation) as link:
            found = await SQL["latest"].fetch(
                link,
                organisation=key.organisation,
                connection=key.connection,
                among=AMONG,
                most=most,
            )
        return [
            OurCase(
                case=CaseId(row["case_id"]),
                number=row["case_number"],
                conversation=ConversationId(row["id"]),
                customer=row["name"] or row["email"],
                channel=row["channel_name"],
                channel_kind=row["kind"],
            )
            for row in found
        ]

    async def standings(
        self, key: ConnectionKey, activities: Sequence[ActivityId]
    ) -> Mapping[ActivityId, Standing]:
        async with transaction(self._pool, key.organisation) as link:
            found = await SQL["standings"].fetch(
                link,
                organisation=key.organisation,
                connection=key.connection,
                activities=activities,
            )
        return {ActivityId(row["activity_id"]): ORIGINS[row["origin"]] for row in found}
