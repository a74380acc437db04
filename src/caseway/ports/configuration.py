"""The configuration as settings pages read and change it. Every change leaves an audit entry."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from caseway.domain.connection import ChannelAccount, ChannelSettings, Connection
from caseway.domain.ids import (
    ChannelId,
    ConnectionId,
    ConnectionKey,
    ConversationId,
    OrganisationId,
)
from caseway.domain.reply_rule import ReplyRule


class ReplyRules(Protocol):
    async def connections(self, organisation: OrganisationId) -> Sequence[Connection]:
        """By name."""

    async def change_reply_rule(
        self, key: ConnectionKey, rule: ReplyRule, *, version: int, actor: str
    ) -> bool:
        """Nothing but the rule; False: it was so already. `version`: of the connection that was
        looked at. Raises `NotConfigured` or `Overtaken`.
        """


@dataclass(frozen=True, slots=True)
class Traffic:
    """How a channel fares. `trouble`: the last reason for which a waiting reply is not there."""

    last_in_at: datetime | None
    last_out_at: datetime | None
    waiting: int
    oldest_at: datetime | None
    trouble: str
    trouble_since: datetime | None
    next_try_at: datetime | None


@dataclass(frozen=True, slots=True)
class Channelled:
    account: ChannelAccount
    connection_name: str
    traffic: Traffic


@dataclass(frozen=True, slots=True)
class WaitingReply:
    conversation: ConversationId
    customer: str
    owed_at: datetime
    attempts: int
    next_try_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class AtStake:
    """What pausing or removing a channel is about."""

    open_conversations: int  # counted up to `MANY`
    waiting: int


MANY = 10_000


class ChannelBook(Protocol):
    """Channel accounts. What is asked for by an id or name that is none raises `NotConfigured`."""

    async def all(self, organisation: OrganisationId) -> Sequence[Channelled]:
        """By name."""

    async def one(self, organisation: OrganisationId, channel: ChannelId) -> Channelled: ...

    async def at_stake(self, organisation: OrganisationId, channel: ChannelId) -> AtStake: ...

    async def waiting(
        self, organisation: OrganisationId, channel: ChannelId, most: int
    ) -> Sequence[WaitingReply]:
        """Those that were tried, the oldest first."""

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
        """A new one. Raises `Refused` where the name is taken."""

    async def change(
        self,
        organisation: OrganisationId,
        channel: ChannelId,
        settings: ChannelSettings,
        *,
        version: int,
        actor: str,
    ) -> None:
        """`version`: of the account that was looked at. Raises `Overtaken`."""

    async def new_secret(
        self, organisation: OrganisationId, name: str, *, grace: timedelta, actor: str
    ) -> ChannelAccount:
        """The old one holds as well for the grace period; 0: not at all."""

    async def end_former_secret(
        self, organisation: OrganisationId, name: str, *, actor: str
    ) -> ChannelAccount: ...

    async def pause(
        self, organisation: OrganisationId, channel: ChannelId, *, by: str, actor: str
    ) -> None:
        """Replies wait; what customers write is taken as ever."""

    async def resume(self, organisation: OrganisationId, channel: ChannelId, *, actor: str) -> None:
        """What waited is tried at once."""

    async def remove(self, organisation: OrganisationId, name: str, *, actor: str) -> None:
        """Its conversations stay, readable."""
