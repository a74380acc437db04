"""Channel accounts as their pages show and change them, with how each fares."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import asyncpg

from caseway.domain.connection import ChannelAccount, ChannelSettings
from caseway.domain.ids import (
    ChannelId,
    ConnectionId,
    ConversationId,
    ConversationKey,
    OrganisationId,
)
from caseway.ports import (
    MANY,
    AtStake,
    Channelled,
    NotConfigured,
    Traffic,
    WaitingReply,
)
from caseway.store.channels import Channels, channel_of
from caseway.store.marks import mark
from caseway.store.queries import load
from caseway.store.queue import enqueue_all
from caseway.store.secrets import Secrets
from caseway.store.transactions import transaction

SQL: Final = load("channel_traffic")
HEARD_BY_ALL: Final = timedelta(seconds=1)  # every process has heard of the change by then


class PostgresChannelBook:
    """Bound by the row-level policies."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", secrets: Secrets) -> None:
        self._pool = pool
        self._secrets = secrets
        self._channels = Channels(pool, secrets)

    async def all(self, organisation: OrganisationId) -> Sequence[Channelled]:
        async with transaction(self._pool, organisation) as link:
            found = await SQL["all"].fetch(link, organisation=organisation)
        return [
            Channelled(channel_of(row, self._secrets), row["connection_name"], _traffic(row))
            for row in found
        ]

    async def one(self, organisation: OrganisationId, channel: ChannelId) -> Channelled:
        """An organisation has few: the list is as cheap as one of it."""
        for found in await self.all(organisation):
            if found.account.id == channel:
                return found
        raise NotConfigured("There is no such channel; it may have been removed.")

    async def at_stake(self, organisation: OrganisationId, channel: ChannelId) -> AtStake:
        async with transaction(self._pool, organisation) as link:
            row = await SQL["at_stake"].fetchrow(
                link, organisation=organisation, channel=channel, many=MANY
            )
        assert row is not None  # noqa: S101 - counts always come
        return AtStake(row["open_conversations"], row["waiting"])

    async def waiting(
        self, organisation: OrganisationId, channel: ChannelId, most: int
    ) -> Sequence[WaitingReply]:
        async with transaction(self._pool, organisation) as link:
            found = await SQL["waiting"].fetch(
                link, organisation=organisation, channel=channel, most=most
            )
        return [
            WaitingReply(
                conversation=ConversationId(row["conversation_id"]),
                customer=row["name"] or row["email"],
                owed_at=row["owed_at"],
                attempts=row["attempts"],
                next_try_at=row["not_before"],
                reason=row["reason"],
            )
            for row in found
        ]

    async def add(
        self,
        organisation: OrganisationId,
        connection: ConnectionId,
        kind: str,
        name: str,
        settings: ChannelSettings,
        *,
        actor: str,
    ) -> ChannelAccount:
        made, _ = await self._channels.put(
            organisation, connection, kind, name, settings, only_new=True, actor=actor
        )
        return made

    async def change(
        self,
        organisation: OrganisationId,
        channel: ChannelId,
        settings: ChannelSettings,
        *,
        version: int,
        actor: str,
    ) -> None:
        there = (await self.one(organisation, channel)).account
        await self._channels.put(
            organisation,
            there.connection,
            there.kind,
            there.name,
            settings,
            version=version,
            actor=actor,
        )

    async def new_secret(
        self, organisation: OrganisationId, name: str, *, grace: timedelta, actor: str
    ) -> ChannelAccount:
        return await self._channels.new_secret(organisation, name, grace=grace, actor=actor)

    async def end_former_secret(
        self, organisation: OrganisationId, name: str, *, actor: str
    ) -> ChannelAccount:
        return await self._channels.end_former_secret(organisation, name, actor=actor)

    async def pause(
        self, organisation: OrganisationId, channel: ChannelId, *, by: str, actor: str
    ) -> None:
        there = (await self.one(organisation, channel)).account
        await self._channels.pause(organisation, there.name, by=by, actor=actor)

    async def resume(self, organisation: OrganisationId, channel: ChannelId, *, actor: str) -> None:
        there = (await self.one(organisation, channel)).account
        await self._channels.pause(organisation, there.name, by="", actor=actor)
        # CRASH HERE: it runs, and what waits is tried at its own time, within the hour.
        async with transaction(self._pool, organisation) as link:
            found = await SQL["bring_forward"].fetch(
                link, organisation=organisation, channel=channel
            )
            keys = [
                ConversationKey(organisation, ConversationId(row["conversation_id"]))
                for row in found
            ]
            for key in keys:
                await mark(link, key, 0)
            await enqueue_all(link, keys, delays=[HEARD_BY_ALL] * len(keys))

    async def remove(self, organisation: OrganisationId, name: str, *, actor: str) -> None:
        await self._channels.remove(organisation, name, actor=actor)


def _traffic(row: asyncpg.Record) -> Traffic:
    return Traffic(
        last_in_at=row["last_in_at"],
        last_out_at=row["last_out_at"],
        waiting=row["waiting"],
        oldest_at=row["oldest_at"],
        trouble=row["trouble"],
        trouble_since=row["trouble_since"],
        next_try_at=row["next_try_at"],
    )
