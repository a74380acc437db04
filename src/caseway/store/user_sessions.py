"""Who is signed in: known by a digest, ended by being forgotten. Runs as `caseway_web`."""

import hmac
from collections.abc import Sequence
from typing import Final
from uuid import UUID, uuid4

import asyncpg

from caseway.domain import token as form
from caseway.domain import zones
from caseway.domain.actor import Actor
from caseway.domain.ids import OrganisationId
from caseway.domain.roles import Role
from caseway.domain.secret import Secret
from caseway.domain.session import IDLE, LASTS
from caseway.ports import OpenSession, SignedIn
from caseway.store.audit import Kind, record
from caseway.store.queries import load
from caseway.store.reached import reached
from caseway.store.tokens import new_token
from caseway.store.transactions import transaction

SQL: Final = load("user_sessions")
AGENT_LENGTH: Final = 200


class PostgresSessions:
    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    async def begin(
        self, organisation: OrganisationId, user: UUID, *, agent: str, actor: Actor
    ) -> Secret:
        token, shown = new_token(form.SESSION)
        async with transaction(self._pool, organisation) as link:
            await SQL["forget_old"].execute(link, organisation=organisation, user=user, idle=IDLE)
            await SQL["insert"].execute(
                link,
                organisation=organisation,
                id=uuid4(),
                user=user,
                public_name=shown.public_name,
                digest=shown.digest,
                source=actor.source,
                agent=agent[:AGENT_LENGTH],
                lasts=LASTS,
            )
            await record(
                link,
                organisation,
                actor=actor,
                action="begun",
                kind=Kind.SESSION,
                id=shown.public_name,
            )
        return token

    async def holder(self, shown: str) -> SignedIn | None:
        presented = form.Presented.read(shown, form.SESSION)
        if presented is None:
            return None
        row = await reached(SQL["find"].fetchrow(self._pool, public_name=presented.public_name))
        if row is None or not hmac.compare_digest(row["digest"], presented.digest):
            return None
        return SignedIn(
            organisation=OrganisationId(row["organisation_id"]),
            session=row["id"],
            last_seen_at=row["last_seen_at"],
            expires_at=row["expires_at"],
            user=row["user_id"],
            email=row["email"],
            name=row["name"],
            role=Role(row["role"]),
            theme=row["theme"],
            zone=zones.zone(row["time_zone"]),
        )

    async def note_seen(self, who: SignedIn) -> None:
        async with transaction(self._pool, who.organisation) as link:
            await SQL["note_seen"].execute(
                link, organisation=who.organisation, id=who.session, user=who.user
            )

    async def of(self, organisation: OrganisationId, user: UUID) -> Sequence[OpenSession]:
        async with transaction(self._pool, organisation) as link:
            rows = await SQL["list"].fetch(link, organisation=organisation, user=user, idle=IDLE)
        return [OpenSession(**dict(row)) for row in rows]

    async def end(
        self, organisation: OrganisationId, user: UUID, session: UUID, *, actor: Actor
    ) -> bool:
        async with transaction(self._pool, organisation) as link:
            row = await SQL["end"].fetchrow(link, organisation=organisation, user=user, id=session)
            if row is not None:
                await record(
                    link,
                    organisation,
                    actor=actor,
                    action="ended",
                    kind=Kind.SESSION,
                    id=row["public_name"],
                    before={"user": row["email"]},
                )
        return row is not None

    async def end_all(
        self, organisation: OrganisationId, user: UUID, *, actor: Actor, but: UUID | None = None
    ) -> int:
        async with transaction(self._pool, organisation) as link:
            ended = await SQL["end_all"].fetch(link, organisation=organisation, user=user, but=but)
            if ended:
                await record(
                    link,
                    organisation,
                    actor=actor,
                    action="sessions_ended",
                    kind=Kind.USER,
                    id=user,
                    after={"ended": len(ended)},
                )
        return len(ended)
