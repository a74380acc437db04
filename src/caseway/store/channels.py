"""Channel accounts as they are configured: one widget, one API client."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import asyncpg

from caseway.domain.connection import ChannelAccount, ChannelSettings, FormerSecret
from caseway.domain.ids import ChannelId, ConnectionId, OrganisationId
from caseway.domain.secret import Secret
from caseway.ports import NotConfigured, Refused
from caseway.store.audit import (
    BY_COMMAND,
    Change,
    Kind,
    from_json,
    record,
    to_json,
)
from caseway.store.queries import load
from caseway.store.secrets import Secrets
from caseway.store.tokens import AT_ONCE, signing_secret
from caseway.store.transactions import transaction

if TYPE_CHECKING:
    from caseway.store.queries import Connection as Link

SQL: Final = load("channels")
API: Final = "api"
WIDGET: Final = "widget"


@dataclass(frozen=True, slots=True)
class Listed:
    account: ChannelAccount
    connection_name: str


class Channels:
    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", secrets: Secrets) -> None:
        self._pool = pool
        self._secrets = secrets

    async def put(
        self,
        organisation: OrganisationId,
        connection: ConnectionId,
        kind: str,
        name: str,
        settings: ChannelSettings,
        *,
        only_new: bool = False,
        actor: str = BY_COMMAND,
    ) -> tuple[ChannelAccount, Change]:
        """Add the channel of this name, or change its settings; twice is as once.

        An API channel gets a secret that signs its callbacks. Raises `Refused` where the name
        belongs to a channel of another kind or connection: an account never moves. `only_new`:
        wherever there is one of this name.
        """
        first_secret = self._secrets.encrypt(signing_secret()) if kind == API else None
        async with transaction(self._pool, organisation) as link:
            row = await SQL["insert"].fetchrow(
                link,
                organisation=organisation,
                id=uuid4(),
                connection=connection,
                kind=kind,
                name=name,
                settings=to_json(settings),
                secret=first_secret,
            )
            if row is not None:
                made = channel_of(row, self._secrets)
                await self._record(link, made, "added", actor)
                return made, Change.CREATED
            there = await self._locked(link, organisation, name)
            if only_new or (there.kind, there.connection) != (kind, connection):
                raise Refused(
                    f"There is a channel {name} already, of kind {there.kind}: choose another "
                    f"name, or remove it first (caseway channel remove {name})."
                )
            # That a widget may identify visitors follows from its secret, not from this call.
            wanted = replace(settings, identity_secret_set=there.settings.identity_secret_set)
            if wanted == there.settings:
                return there, Change.UNCHANGED
            after = replace(there, settings=wanted)
            return await self._change(link, there, after, "changed", actor), Change.CHANGED

    async def new_secret(
        self,
        organisation: OrganisationId,
        name: str,
        *,
        grace: timedelta = AT_ONCE,
        actor: str = BY_COMMAND,
    ) -> ChannelAccount:
        """Replace it; the old one holds as well for the grace period. Raises `NotConfigured`.

        API: signs the callbacks from now on. Widget: from now on visitors may be identified.
        """
        async with transaction(self._pool, organisation) as link:
            there = await self._locked(link, organisation, name)
            settings = replace(there.settings, identity_secret_set=there.kind == WIDGET)
            former = None
            if there.secret is not None and grace > AT_ONCE:
                former = FormerSecret(there.secret, datetime.now(UTC) + grace)
            after = replace(there, secret=signing_secret(), former=former, settings=settings)
            return await self._change(link, there, after, "secret_replaced", actor)

    async def end_former_secret(
        self, organisation: OrganisationId, name: str, *, actor: str = BY_COMMAND
    ) -> ChannelAccount:
        """The replaced one holds no longer. Raises `NotConfigured`."""
        async with transaction(self._pool, organisation) as link:
            there = await self._locked(link, organisation, name)
            after = replace(there, former=None)
            return await self._change(link, there, after, "former_secret_ended", actor)

    async def named(self, organisation: OrganisationId, name: str) -> ChannelAccount:
        """Raises `NotConfigured`."""
        async with transaction(self._pool, organisation) as link:
            return await self._locked(link, organisation, name)

    async def list(self, organisation: OrganisationId) -> Sequence[Listed]:
        """By name."""
        async with transaction(self._pool, organisation) as link:
            found = await SQL["list"].fetch(link, organisation=organisation)
        return [Listed(channel_of(row, self._secrets), row["connection_name"]) for row in found]

    async def remove(
        self, organisation: OrganisationId, name: str, *, actor: str = BY_COMMAND
    ) -> None:
        """Its conversations stay, readable. Raises `NotConfigured`."""
        async with transaction(self._pool, organisation) as link:
            there = await self._locked(link, organisation, name)
            await SQL["remove"].execute(link, organisation=organisation, id=there.id)
            await self._record(link, there, "removed", actor)

    async def _locked(
        self, link: "Link", organisation: OrganisationId, name: str
    ) -> ChannelAccount:
        row = await SQL["lock_named"].fetchrow(link, organisation=organisation, name=name)
        if row is None:
            raise NotConfigured(f"There is no channel {name}.")
        return channel_of(row, self._secrets)

    async def _change(
        self,
        link: "Link",
        before: ChannelAccount,
        after: ChannelAccount,
        action: str,
        actor: str,
    ) -> ChannelAccount:
        former = after.former
        version = await SQL["change"].fetchval(
            link,
            organisation=after.organisation,
            id=after.id,
            settings=to_json(after.settings),
            secret=None if after.secret is None else self._secrets.encrypt(after.secret),
            former_secret=former and self._secrets.encrypt(former.secret),
            former_until=former and former.until,
        )
        await self._record(link, after, action, actor, before=before)
        return replace(after, version=version)

    async def _record(
        self,
        link: "Link",
        account: ChannelAccount,
        action: str,
        actor: str,
        *,
        before: ChannelAccount | None = None,
    ) -> None:
        await record(
            link,
            account.organisation,
            actor=actor,
            action=action,
            kind=Kind.CHANNEL,
            id=account.id,
            before=None if before is None else _told(before),
            after=_told(account),
        )


def channel_of(row: asyncpg.Record, secrets: Secrets) -> ChannelAccount:
    """Raises `KeyTrouble` if its secret cannot be read with our keys."""
    sealed: bytes | None = row["secret"]
    secret: Secret | None = None if sealed is None else secrets.decrypt(sealed)
    return ChannelAccount(
        organisation=OrganisationId(row["organisation_id"]),
        id=ChannelId(row["id"]),
        connection=ConnectionId(row["connection_id"]),
        kind=row["kind"],
        name=row["name"],
        settings=from_json(row["settings"], ChannelSettings),
        secret=secret,
        version=row["version"],
        former=_former(row, secrets),
    )


def _former(row: asyncpg.Record, secrets: Secrets) -> FormerSecret | None:
    if row["former_secret"] is None:
        return None
    return FormerSecret(secrets.decrypt(row["former_secret"]), row["former_until"])


def _told(account: ChannelAccount) -> dict[str, object]:
    told: dict[str, object] = {
        "kind": account.kind,
        "name": account.name,
        "settings": account.settings,
    }
    if account.former is not None:
        told["former_secret_until"] = account.former.until
    return told
