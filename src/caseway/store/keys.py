"""API keys: shown once when they are made, from then on known by their digest."""

import hmac
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid4

import asyncpg

from caseway.domain import token as form
from caseway.domain.ids import OrganisationId
from caseway.domain.scopes import EVERY, Scope
from caseway.domain.secret import Secret
from caseway.ports import ApiKey, NotConfigured, Refused
from caseway.store.audit import BY_COMMAND, Kind, record
from caseway.store.queries import load
from caseway.store.reached import reached
from caseway.store.tokens import new_token
from caseway.store.transactions import transaction

SQL: Final = load("keys")
NOTED_EVERY_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """Whoever showed a right key."""

    organisation: OrganisationId
    key: UUID
    public_name: str
    scopes: frozenset[Scope]


class Keys:
    def __init__(
        self,
        pool: "asyncpg.Pool[asyncpg.Record]",
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._noted: dict[UUID, float] = {}  # when we wrote down a key's use last

    async def create(
        self,
        organisation: OrganisationId,
        name: str,
        scopes: frozenset[Scope] = EVERY,
        *,
        actor: str = BY_COMMAND,
    ) -> Secret:
        """The key, for the only time. Raises `Refused` if one of this name is in use."""
        key, shown = new_token(form.API_KEY)
        async with transaction(self._pool, organisation) as link:
            made = await SQL["insert"].fetchval(
                link,
                organisation=organisation,
                id=uuid4(),
                name=name,
                public_name=shown.public_name,
                digest=shown.digest,
                scopes=sorted(scopes),
            )
            if made is None:
                raise Refused(
                    f"There is a key {name} in use, and it cannot be shown again: choose another "
                    f"name, or revoke it first (caseway key revoke {name})."
                )
            await record(
                link,
                organisation,
                actor=actor,
                action="made",
                kind=Kind.KEY,
                id=shown.public_name,
                after={"name": name, "scopes": sorted(scopes)},
            )
        return key

    async def revoke(
        self, organisation: OrganisationId, name: str, *, actor: str = BY_COMMAND
    ) -> None:
        """By its name or public name, at once. Raises `NotConfigured`."""
        async with transaction(self._pool, organisation) as link:
            row = await SQL["revoke"].fetchrow(link, organisation=organisation, name=name)
            if row is None:
                raise NotConfigured(f"There is no key {name} in use.")
            await record(
                link,
                organisation,
                actor=actor,
                action="revoked",
                kind=Kind.KEY,
                id=row["public_name"],
                before={"name": row["name"]},
            )

    async def list(self, organisation: OrganisationId) -> Sequence[ApiKey]:
        """The newest first, revoked ones too."""
        async with transaction(self._pool, organisation) as link:
            found = await SQL["list"].fetch(link, organisation=organisation)
        return [
            ApiKey(
                id=row["id"],
                name=row["name"],
                public_name=row["public_name"],
                scopes=_scopes(row),
                created_at=row["created_at"],
                revoked_at=row["revoked_at"],
                last_used_at=row["last_used_at"],
                last_used_from=row["last_used_from"],
            )
            for row in found
        ]

    async def holder(self, shown: str, source: str = "") -> KeyHolder | None:
        """Who shows this key; None for a wrong, revoked or malformed one. Asks every time.

        Raises `Later` while the store cannot be reached.
        """
        key = form.Presented.read(shown, form.API_KEY)
        if key is None:
            return None
        row = await reached(SQL["find"].fetchrow(self._pool, public_name=key.public_name))
        if row is None or not hmac.compare_digest(row["digest"], key.digest):
            return None
        holder = KeyHolder(
            OrganisationId(row["organisation_id"]), row["id"], key.public_name, _scopes(row)
        )
        await reached(self._note_use(holder, source))
        return holder

    async def _note_use(self, holder: KeyHolder, source: str) -> None:
        """A figure for people: written once a minute, however often the key is shown."""
        now = self._clock()
        if now < self._noted.get(holder.key, -NOTED_EVERY_S) + NOTED_EVERY_S:
            return
        self._noted[holder.key] = now
        async with transaction(self._pool, holder.organisation) as link:
            await SQL["note_use"].execute(
                link, organisation=holder.organisation, id=holder.key, source=source
            )


def _scopes(row: asyncpg.Record) -> frozenset[Scope]:
    return frozenset(map(Scope, row["scopes"]))
