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
from caseway.store.versions import refuse_if_overtaken

if TYPE_CHECKING:
    from caseway.store.queries import Connection as Link

SQL: Final = load("channels")
API: Final = "api"
WIDGET: Final = "widget"
MOST_FORMER: Final = 10  # a callback carries a signature by each


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
        version: int | None = None,
        actor: str = BY_COMMAND,
    ) -> tuple[ChannelAccount, Change]:
        """Add the channel of this name, or change its settings; twice is as once.

        An API channel gets a secret that signs its callbacks. Raises `Refused` where the name
        belongs to a channel of another kind or connection: an account never moves. `only_new`:
        wherever there is one of this name. `version`: of the account that was looked at, None:
        whatever it is now. Raises `Overtaken` where somebody changed it since.
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
            refuse_if_overtaken(
                name,
                looked_at=version,
                there=there.version,
                before=_told(there),
                after=_told(after),
            )
            return await self._change(link, there, after, "changed", actor), Change.CHANGED

    async def pause(
        self, organisation: OrganisationId, name: str, *, by: str, actor: str = BY_COMMAND
    ) -> None:
        """`by` nobody: resume it. Raises `NotConfigured`."""
        async with transaction(self._pool, organisation) as link:
            there = await self._locked(link, organisation, name)
            if there.settings.paused_by != by:
                after = replace(there, settings=replace(there.settings, paused_by=by))
                await self._change(link, there, after, "changed", actor)

    async def new_secret(
        self,
        organisation: OrganisationId,
        name: str,
        *,
        grace: timedelta = AT_ONCE,
        actor: str = BY_COMMAND,
    ) -> ChannelAccount:
        """Replace it; the old one holds as well for the grace period, and so does one replaced
        before to its own end: who asks twice, or lost what was shown, ends nothing that is in use.
        Raises `NotConfigured`.

        API: signs the callbacks from now on. Widget: from now on visitors may be identified.
        """
        async with transaction(self._pool, organisation) as link:
            there = await self._locked(link, organisation, name)
            settings = replace(there.settings, identity_secret_set=there.kind == WIDGET)
            former = _replaced(there, datetime.now(UTC), grace)
            after = replace(there, secret=signing_secret(), former=former, settings=settings)
            return await self._change(link, there, after, "secret_replaced", actor)

    async def end_former_secret(
        self, organisation: OrganisationId, name: str, *, actor: str = BY_COMMAND
    ) -> ChannelAccount:
        """What was replaced holds no longer. Raises `NotConfigured`."""
        async with transaction(self._pool, organisation) as link:
            there = await self._locked(link, organisation, name)
            after = replace(there, former=())
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
        version = await SQL["change"].fetchval(
            link,
            organisation=after.organisation,
            id=after.id,
            settings=to_json(after.settings),
            secret=None if after.secret is None else self._secrets.encrypt(after.secret),
            former_secrets=[self._secrets.encrypt(former.secret) for former in after.former],
            former_until=[former.until for former in after.former],
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


def _former(row: asyncpg.Record, secrets: Secrets) -> tuple[FormerSecret, ...]:
    return tuple(
        FormerSecret(secrets.decrypt(secret), until)
        for secret, until in zip(row["former_secrets"], row["former_until"], strict=True)
    )


def _replaced(account: ChannelAccount, now: datetime, grace: timedelta) -> tuple[FormerSecret, ...]:
    """What holds beside a new secret, the newest first."""
    if grace <= AT_ONCE:
        return ()
    holding = [former for former in account.former if now < former.until]
    if account.secret is not None:
        holding.insert(0, FormerSecret(account.secret, now + grace))
    return tuple(holding[:MOST_FORMER])


def _told(account: ChannelAccount) -> dict[str, object]:
    told: dict[str, object] = {
        "kind": account.kind,
        "name": account.name,
        "settings": account.settings,
    }
    if account.former:
        told["former_secret_until"] = account.former[0].until
    return told
