"""Idempotency keys: the first answer to a request, for every repeat of it."""

from datetime import timedelta
from typing import Final

import asyncpg

from caseway.domain.ids import OrganisationId
from caseway.ports import Answered, Reservation
from caseway.store.queries import load
from caseway.store.transactions import transaction

SQL: Final = load("idempotency")
# Longer than an effect may take: after that whoever reserved the key is dead or was refused.
BUSY_FOR: Final = timedelta(seconds=10)


class PostgresRepeats:
    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    async def reserve(
        self, organisation: OrganisationId, key: str, route: str, fingerprint: bytes
    ) -> Reservation:
        named = {"organisation": organisation, "key": key}
        async with transaction(self._pool, organisation) as link:
            since = None
            row = None
            while row is None:  # a row that was released between the two statements is made anew
                since = await SQL["reserve"].fetchval(
                    link, **named, route=route, fingerprint=fingerprint
                )
                if since is not None:
                    return Reservation(
                        same_request=True, taken_up=False, since=since, busy=False, answer=None
                    )
                row = await SQL["known"].fetchrow(link, **named, busy_for=BUSY_FOR)
        return Reservation(
            same_request=row["route"] == route and row["fingerprint"] == fingerprint,
            taken_up=True,
            since=row["kept_at"],
            busy=row["busy"],
            answer=Answered(row["status"], row["answer"]) if row["status"] else None,
        )

    async def complete(self, organisation: OrganisationId, key: str, answer: Answered) -> Answered:
        named = {"organisation": organisation, "key": key}
        async with transaction(self._pool, organisation) as link:
            if await SQL["complete"].fetchval(
                link, **named, status=answer.status, answer=answer.body
            ):
                return answer
            row = await SQL["known"].fetchrow(link, **named, busy_for=BUSY_FOR)
        return answer if row is None else Answered(row["status"], row["answer"])

    async def release(self, organisation: OrganisationId, key: str) -> None:
        async with transaction(self._pool, organisation) as link:
            await SQL["release"].execute(link, organisation=organisation, key=key)
