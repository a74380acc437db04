"""Creatio instances as they are configured."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import asyncpg

from caseway.domain.connection import Auth, Connection, ConnectionSettings, Platform
from caseway.domain.ids import ConnectionId, ConnectionKey, OrganisationId
from caseway.domain.reply_rule import ReplyRule
from caseway.ports import NotConfigured, Refused, Wanted
from caseway.store.audit import (
    BY_COMMAND,
    Change,
    Kind,
    from_json,
    record,
    to_json,
)
from caseway.store.channels import SQL as CHANNELS
from caseway.store.queries import load
from caseway.store.secrets import KeyTrouble, Secrets
from caseway.store.transactions import transaction
from caseway.store.versions import refuse_if_overtaken

if TYPE_CHECKING:
    from caseway.store.queries import Connection as Link

SQL: Final = load("connections")


@dataclass(frozen=True, slots=True)
class Listed:
    """A connection and how it fares."""

    connection: Connection
    trouble: str | None
    trouble_since: datetime | None
    last_success_at: datetime | None


class Connections:
    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", secrets: Secrets) -> None:
        self._pool = pool
        self._secrets = secrets

    async def put(
        self,
        organisation: OrganisationId,
        wanted: Wanted,
        *,
        actor: str = BY_COMMAND,
        trouble: str | None = None,
    ) -> tuple[Connection, Change]:
        """Add the connection of this name, or change the one there is; twice is as once.

        `trouble`: why it is known not to work; empty: it works; None: nothing is known. Raises
        `Overtaken` where somebody changed it since the version that is wanted to be changed.
        """
        async with transaction(self._pool, organisation) as link:
            made, change = await self._put(link, organisation, wanted, actor)
            if trouble is not None:
                await _note(link, made.key, trouble)
            return made, change

    async def _put(
        self, link: "Link", organisation: OrganisationId, wanted: Wanted, actor: str
    ) -> tuple[Connection, Change]:
        row = await SQL["insert"].fetchrow(
            link,
            organisation=organisation,
            id=uuid4(),
            name=wanted.name,
            **self._columns(wanted),
        )
        if row is None:
            row = await SQL["lock_named"].fetchrow(
                link, organisation=organisation, name=wanted.name
            )
            if row is None:
                raise Refused(f"{wanted.name} was removed this instant: try again.")
            return await self._change(link, row, wanted, actor)
        made = connection_of(row, self._secrets)
        await record(
            link,
            organisation,
            actor=actor,
            action="added",
            kind=Kind.CONNECTION,
            id=made.id,
            after=_told(made),
        )
        return made, Change.CREATED

    async def _change(
        self, link: "Link", row: asyncpg.Record, wanted: Wanted, actor: str
    ) -> tuple[Connection, Change]:
        try:
            before = connection_of(row, self._secrets)
        except KeyTrouble:  # its key is lost: the secret that was just given takes its place
            before = connection_of({**row, "secret": self._secrets.encrypt("")}, self._secrets)
        after = replace(
            before,
            base_url=wanted.base_url,
            identity_url=wanted.identity_url,
            platform=wanted.platform,
            auth=wanted.auth,
            login=wanted.login,
            secret=wanted.secret,
            settings=wanted.settings,
        )
        if after == before:
            return before, Change.UNCHANGED
        secret = "changed" if after.secret != before.secret else "as it was"
        told = {**_told(after), "secret": secret}
        refuse_if_overtaken(
            before.name,
            looked_at=wanted.version,
            there=before.version,
            before={**_told(before), "secret": "as it was"},
            after=told,
        )
        version = await SQL["change"].fetchval(
            link, organisation=before.organisation, id=before.id, **self._columns(wanted)
        )
        await record(
            link,
            before.organisation,
            actor=actor,
            action="changed",
            kind=Kind.CONNECTION,
            id=before.id,
            before=_told(before),
            after=told,
        )
        return replace(after, version=version), Change.CHANGED

    async def change_settings(
        self, key: ConnectionKey, settings: ConnectionSettings, *, actor: str = BY_COMMAND
    ) -> tuple[Connection, Change]:
        """Raises `NotConfigured`."""
        async with transaction(self._pool, key.organisation) as link:
            row = await SQL["lock"].fetchrow(link, organisation=key.organisation, id=key.connection)
            if row is None:
                raise NotConfigured("The connection was removed.")
            there = connection_of(row, self._secrets)
            return await self._change(link, row, _wanted(there, settings), actor)

    async def connections(self, organisation: OrganisationId) -> Sequence[Connection]:
        """By name."""
        return [listed.connection for listed in await self.list(organisation)]

    async def change_reply_rule(
        self,
        key: ConnectionKey,
        rule: ReplyRule,
        *,
        version: int | None = None,
        actor: str = BY_COMMAND,
    ) -> bool:
        """Nothing but the rule; False: it was so already. `version`: of the connection that was
        looked at, None: whatever it is now. Raises `NotConfigured` or `Overtaken`.
        """
        async with transaction(self._pool, key.organisation) as link:
            row = await SQL["lock"].fetchrow(link, organisation=key.organisation, id=key.connection)
            if row is None:
                raise NotConfigured("The connection was removed.")
            there = connection_of(row, self._secrets)
            settings = replace(there.settings, reply_rule=rule)
            wanted = replace(_wanted(there, settings), version=version)
            _, change = await self._change(link, row, wanted, actor)
            return change is not Change.UNCHANGED

    async def named(self, organisation: OrganisationId, name: str) -> Connection | None:
        async with transaction(self._pool, organisation) as link:
            row = await SQL["named"].fetchrow(link, organisation=organisation, name=name)
        return None if row is None else connection_of(row, self._secrets)

    async def list(self, organisation: OrganisationId) -> Sequence[Listed]:
        """By name."""
        async with transaction(self._pool, organisation) as link:
            found = await SQL["list"].fetch(link, organisation=organisation)
        return [
            Listed(
                connection_of(row, self._secrets),
                row["trouble"],
                row["trouble_since"],
                row["last_success_at"],
            )
            for row in found
        ]

    async def remove(
        self, organisation: OrganisationId, name: str, *, actor: str = BY_COMMAND
    ) -> None:
        """Its conversations stay, readable; its tokens end.

        Raises `NotConfigured`, or `Refused` while channels lead to it.
        """
        async with transaction(self._pool, organisation) as link:
            row = await SQL["lock_named"].fetchrow(link, organisation=organisation, name=name)
            if row is None:
                raise NotConfigured(f"There is no connection {name}.")
            leading = await CHANNELS["of_connection"].fetch(
                link, organisation=organisation, connection=row["id"]
            )
            if leading:
                names = ", ".join(channel["name"] for channel in leading)
                raise Refused(
                    f"Channels lead to {name}: {names}. Remove them first; customers could still "
                    "write there, and nobody would see it."
                )
            ended = await SQL["remove"].fetch(link, organisation=organisation, id=row["id"])
            by = {"actor": actor, "action": "removed"}
            await record(link, organisation, kind=Kind.CONNECTION, id=row["id"], **by)
            for token in ended:
                await record(link, organisation, kind=Kind.TOKEN, id=token["public_name"], **by)

    async def note_trouble(self, key: ConnectionKey, trouble: str) -> None:
        """In words for people. Changes no settings, so no cache hears of it."""
        await SQL["note_trouble"].execute(
            self._pool, organisation=key.organisation, id=key.connection, trouble=trouble
        )

    async def note_success(
        self, key: ConnectionKey, at: datetime, platform: Platform | None = None
    ) -> None:
        """Ends its trouble. `platform`: as it was found, where it was not configured."""
        await SQL["note_success"].execute(
            self._pool,
            organisation=key.organisation,
            id=key.connection,
            at=at,
            platform=platform,
        )

    def _columns(self, wanted: Wanted) -> dict[str, object]:
        return {
            "base_url": wanted.base_url,
            "identity_url": wanted.identity_url,
            "platform": wanted.platform,
            "auth": wanted.auth,
            "login": wanted.login,
            "secret": self._secrets.encrypt(wanted.secret),
            "settings": to_json(wanted.settings),
        }


async def _note(link: "Link", key: ConnectionKey, trouble: str) -> None:
    where = {"organisation": key.organisation, "id": key.connection}
    if trouble:
        await SQL["note_trouble"].execute(link, **where, trouble=trouble)
    else:
        await SQL["note_success"].execute(link, **where, at=datetime.now(tz=UTC), platform=None)


def connection_of(row: "asyncpg.Record | dict[str, Any]", secrets: Secrets) -> Connection:
    """Raises `KeyTrouble` if its secret cannot be read with our keys."""
    return Connection(
        organisation=OrganisationId(row["organisation_id"]),
        id=ConnectionId(row["id"]),
        name=row["name"],
        base_url=row["base_url"],
        identity_url=row["identity_url"],
        platform=Platform(row["platform"]),
        auth=Auth(row["auth"]),
        login=row["login"],
        secret=secrets.decrypt(row["secret"]),
        settings=from_json(row["settings"], ConnectionSettings),
        version=row["version"],
    )


def _wanted(there: Connection, settings: ConnectionSettings) -> Wanted:
    return Wanted(
        name=there.name,
        base_url=there.base_url,
        auth=there.auth,
        login=there.login,
        secret=there.secret,
        identity_url=there.identity_url,
        platform=there.platform,
        settings=settings,
    )


def _told(connection: Connection) -> dict[str, object]:
    """What the audit log shows of it."""
    return {
        "name": connection.name,
        "base_url": connection.base_url,
        "identity_url": connection.identity_url,
        "platform": connection.platform,
        "auth": connection.auth,
        "login": connection.login,
        "settings": connection.settings,
    }
