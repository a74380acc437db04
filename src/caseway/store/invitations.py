"""Links by which people come in; each works once. Runs as `caseway_web`."""

import hmac
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4

import asyncpg

from caseway.domain import token as form
from caseway.domain.actor import Actor
from caseway.domain.ids import OrganisationId
from caseway.domain.roles import Role
from caseway.domain.secret import Secret
from caseway.ports import AddressTaken, Invitation, LinkKind
from caseway.store import user_sessions, users
from caseway.store.audit import BY_COMMAND, Kind, record
from caseway.store.queries import load
from caseway.store.reached import reached
from caseway.store.tokens import new_token
from caseway.store.transactions import transaction

if TYPE_CHECKING:
    from caseway.store.queries import Connection as Link

SQL: Final = load("invitations")
LASTS: Final = timedelta(days=7)
TAKEN: Final = "Somebody signs in with {email} already."


class PostgresInvitations:
    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    async def invite(
        self, organisation: OrganisationId, *, email: str, role: Role, actor: Actor
    ) -> Secret:
        async with transaction(self._pool, organisation) as link:
            if email and await users.SQL["is_taken"].fetchval(
                link, organisation=organisation, email=email
            ):
                raise AddressTaken(TAKEN.format(email=email))
            await SQL["end_to"].execute(link, organisation=organisation, email=email)
            return await _make(link, organisation, LinkKind.JOIN, actor, email=email, role=role)

    async def reset(
        self, organisation: OrganisationId, user: UUID, *, actor: Actor
    ) -> Secret | None:
        async with transaction(self._pool, organisation) as link:
            row = await users.SQL["lock"].fetchrow(link, organisation=organisation, id=user)
            if row is None or row["disabled_at"] is not None:
                return None
            await SQL["end_of"].execute(link, organisation=organisation, user=user)
            return await _make(
                link,
                organisation,
                LinkKind.RESET,
                actor,
                email=row["email"],
                role=Role(row["role"]),
                user=user,
            )

    async def first(self, organisation: OrganisationId) -> Secret | None:
        async with transaction(self._pool, organisation) as link:
            if await SQL["has_owner"].fetchval(link, organisation=organisation):
                return None
            return await _make(
                link, organisation, LinkKind.FIRST, Actor(BY_COMMAND), role=Role.OWNER
            )

    async def shown(self, token: str) -> Invitation | None:
        presented = form.Presented.read(token, form.INVITATION)
        if presented is None:
            return None
        row = await reached(SQL["find"].fetchrow(self._pool, public_name=presented.public_name))
        if row is None or not hmac.compare_digest(row["digest"], presented.digest):
            return None
        return await self._one(row)

    async def to(self, email: str) -> Invitation | None:
        row = await reached(SQL["find_to"].fetchrow(self._pool, email=email))
        return None if row is None else await self._one(row)

    async def _one(self, row: asyncpg.Record) -> Invitation | None:
        organisation = OrganisationId(row["organisation_id"])
        async with transaction(self._pool, organisation) as link:
            found = await SQL["one"].fetchrow(link, organisation=organisation, id=row["id"])
        return None if found is None else _invitation(organisation, found)

    async def list(self, organisation: OrganisationId) -> Sequence[Invitation]:
        async with transaction(self._pool, organisation) as link:
            rows = await SQL["list"].fetch(link, organisation=organisation)
        return [_invitation(organisation, row) for row in rows]

    async def accept(
        self,
        invitation: Invitation,
        *,
        email: str,
        name: str,
        password: Secret | None,
        source: str,
    ) -> UUID | None:
        organisation = invitation.organisation
        async with transaction(self._pool, organisation) as link:
            if not await _use(link, invitation):
                return None
            actor = Actor(email, source=source)
            if invitation.user is not None and password is not None:
                await _reset(link, invitation, password, actor)
                return invitation.user
            made = await users.SQL["insert"].fetchval(
                link,
                organisation=organisation,
                id=uuid4(),
                email=email,
                name=name,
                role=invitation.role,
                password=None if password is None else password.reveal(),
            )
            if made is None:
                raise AddressTaken(TAKEN.format(email=email))
            if invitation.role is Role.OWNER:
                await SQL["end_firsts"].execute(link, organisation=organisation)
            await record(
                link,
                organisation,
                actor=actor,
                action="joined",
                kind=Kind.USER,
                id=email,
                after={"role": invitation.role, "invited_by": invitation.invited_by},
            )
        return UUID(str(made))

    async def revoke(self, organisation: OrganisationId, invitation: UUID, *, actor: Actor) -> bool:
        async with transaction(self._pool, organisation) as link:
            row = await SQL["one"].fetchrow(link, organisation=organisation, id=invitation)
            if row is None or not await SQL["use"].fetchval(
                link, organisation=organisation, id=invitation
            ):
                return False
            await record(
                link,
                organisation,
                actor=actor,
                action="revoked",
                kind=Kind.INVITATION,
                id=row["email"] or invitation,
                before={"role": row["role"]},
            )
        return True


async def _use(link: "Link", invitation: Invitation) -> bool:
    organisation = invitation.organisation
    if invitation.kind is LinkKind.FIRST:
        await SQL["first_alone"].execute(link, organisation=organisation)
        if await SQL["has_owner"].fetchval(link, organisation=organisation):
            return False
    used = await SQL["use"].fetchval(link, organisation=organisation, id=invitation.id)
    return used is not None


async def _reset(link: "Link", invitation: Invitation, password: Secret, actor: Actor) -> None:
    who = {"organisation": invitation.organisation, "user": invitation.user}
    await users.SQL["set_password"].execute(
        link,
        organisation=invitation.organisation,
        id=invitation.user,
        password=password.reveal(),
    )
    await user_sessions.SQL["end_all"].fetch(link, **who, but=None)
    await record(
        link,
        invitation.organisation,
        actor=actor,
        action="password_reset",
        kind=Kind.USER,
        id=invitation.email,
        after={"link_by": invitation.invited_by},
    )


async def _make(
    link: "Link",
    organisation: OrganisationId,
    kind: LinkKind,
    actor: Actor,
    *,
    role: Role,
    email: str = "",
    user: UUID | None = None,
) -> Secret:
    token, shown = new_token(form.INVITATION)
    await SQL["insert"].execute(
        link,
        organisation=organisation,
        id=uuid4(),
        public_name=shown.public_name,
        digest=shown.digest,
        kind=kind,
        email="" if user else email,
        role=role,
        user=user,
        invited_by=actor,
        lasts=LASTS,
    )
    await record(
        link,
        organisation,
        actor=actor,
        action=f"{kind}_link_made",
        kind=Kind.INVITATION,
        id=email or shown.public_name,
        after={"role": role},
    )
    return token


def _invitation(organisation: OrganisationId, row: asyncpg.Record) -> Invitation:
    return Invitation(
        organisation=organisation,
        id=row["id"],
        kind=LinkKind(row["kind"]),
        email=row["email"],
        name=row["name"],
        role=Role(row["role"]),
        user=row["user_id"],
        invited_by=row["invited_by"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        is_open=row["is_open"],
    )
