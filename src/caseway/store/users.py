"""People who sign in, and what is changed about them. Runs as `caseway_web`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4

import asyncpg

from caseway.domain.actor import Actor
from caseway.domain.ids import OrganisationId
from caseway.domain.roles import Role
from caseway.domain.secret import Secret
from caseway.ports import Known, LastOwner, NotConfigured, Person
from caseway.store import user_sessions
from caseway.store.audit import Kind, record
from caseway.store.queries import load
from caseway.store.reached import reached
from caseway.store.transactions import transaction

if TYPE_CHECKING:
    from caseway.store.queries import Connection as Link

SQL: Final = load("users")
LINKS: Final = load("invitations")
STAYS: Final = "{name} is the last owner: make somebody else an owner first."


class PostgresUsers:
    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    async def known(self, email: str) -> Known | None:
        row = await reached(SQL["known"].fetchrow(self._pool, email=email.strip()))
        return None if row is None else _known(row)

    async def ensure_owner(self, organisation: OrganisationId, email: str, name: str) -> UUID:
        """For a demo: somebody who has no password, and whom a page of its own lets in."""
        await self._insert(organisation, email=email, name=name, role=Role.OWNER)
        known = await self.known(email)
        if known is None:
            raise NotConfigured(f"{email} was disabled: caseway user enable {email}.")
        return known.id

    async def join(
        self, organisation: OrganisationId, *, email: str, name: str, role: Role, source: str
    ) -> Known | None:
        made = await self._insert(organisation, email=email, name=name, role=role, source=source)
        return await self.known(email) if made else None

    async def _insert(
        self, organisation: OrganisationId, *, email: str, name: str, role: Role, source: str = ""
    ) -> bool:
        """False: the address is somebody's."""
        async with transaction(self._pool, organisation) as link:
            made = await SQL["insert"].fetchval(
                link,
                organisation=organisation,
                id=uuid4(),
                email=email,
                name=name,
                role=role,
                password=None,
            )
            if made is not None:
                await record(
                    link,
                    organisation,
                    actor=Actor(email, source=source),
                    action="joined",
                    kind=Kind.USER,
                    id=email,
                    after={"role": role},
                )
        return made is not None

    async def of_id(self, organisation: OrganisationId, user: UUID) -> Known | None:
        async with transaction(self._pool, organisation) as link:
            row = await SQL["of_id"].fetchrow(link, organisation=organisation, id=user)
        return None if row is None else _known(row)

    async def list(self, organisation: OrganisationId) -> Sequence[Person]:
        async with transaction(self._pool, organisation) as link:
            rows = await SQL["list"].fetch(link, organisation=organisation)
        return [
            Person(
                id=row["id"],
                email=row["email"],
                name=row["name"],
                role=Role(row["role"]),
                has_password=row["has_password"],
                created_at=row["created_at"],
                disabled_at=row["disabled_at"],
                last_seen_at=row["last_seen_at"],
                sessions=row["sessions"],
            )
            for row in rows
        ]

    async def set_role(
        self, organisation: OrganisationId, user: UUID, role: Role, *, actor: Actor
    ) -> bool:
        async with transaction(self._pool, organisation) as link:
            row = await _locked(link, organisation, user, stays=role is Role.OWNER)
            if row is None or row["role"] == role:
                return row is not None
            await SQL["set_role"].execute(link, organisation=organisation, id=user, role=role)
            await _ended(link, organisation, user)
            await record(
                link,
                organisation,
                actor=actor,
                action="role_changed",
                kind=Kind.USER,
                id=row["email"],
                before={"role": row["role"]},
                after={"role": role},
            )
        return True

    async def disable(self, organisation: OrganisationId, user: UUID, *, actor: Actor) -> bool:
        return await self._set_disabled(organisation, user, disabled=True, actor=actor)

    async def enable(self, organisation: OrganisationId, user: UUID, *, actor: Actor) -> bool:
        return await self._set_disabled(organisation, user, disabled=False, actor=actor)

    async def _set_disabled(
        self, organisation: OrganisationId, user: UUID, *, disabled: bool, actor: Actor
    ) -> bool:
        async with transaction(self._pool, organisation) as link:
            row = await _locked(link, organisation, user, stays=not disabled)
            if row is None or (row["disabled_at"] is not None) == disabled:
                return row is not None
            await SQL["set_disabled"].execute(
                link, organisation=organisation, id=user, disabled=disabled
            )
            await _ended(link, organisation, user)
            await LINKS["end_of"].execute(link, organisation=organisation, user=user)
            await record(
                link,
                organisation,
                actor=actor,
                action="disabled" if disabled else "enabled",
                kind=Kind.USER,
                id=row["email"],
            )
        return True

    async def set_password(
        self, organisation: OrganisationId, user: UUID, password: Secret, *, actor: Actor
    ) -> None:
        async with transaction(self._pool, organisation) as link:
            email = await SQL["set_password"].fetchval(
                link, organisation=organisation, id=user, password=password.reveal()
            )
            await _ended(link, organisation, user)
            await record(
                link,
                organisation,
                actor=actor,
                action="password_changed",
                kind=Kind.USER,
                id=str(email),
            )

    async def set_theme(self, organisation: OrganisationId, user: UUID, theme: str) -> None:
        async with transaction(self._pool, organisation) as link:
            await SQL["set_theme"].execute(link, organisation=organisation, id=user, theme=theme)


async def _locked(
    link: "Link", organisation: OrganisationId, user: UUID, *, stays: bool
) -> asyncpg.Record | None:
    """Who is about to change. Raises `LastOwner` unless they stay what they are."""
    owners = await SQL["lock_owners"].fetch(link, organisation=organisation)
    row = await SQL["lock"].fetchrow(link, organisation=organisation, id=user)
    if row is not None and not stays and [one["id"] for one in owners] == [user]:
        raise LastOwner(STAYS.format(name=row["name"]))
    return row


async def _ended(link: "Link", organisation: OrganisationId, user: UUID) -> None:
    await user_sessions.SQL["end_all"].fetch(link, organisation=organisation, user=user, but=None)


def _known(row: asyncpg.Record) -> Known:
    return Known(
        organisation=OrganisationId(row["organisation_id"]),
        id=row["id"],
        name=row["name"],
        role=Role(row["role"]),
        password=None if row["password"] is None else Secret(row["password"]),
    )
