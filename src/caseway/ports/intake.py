"""Keeping what customers write."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from caseway.domain.connection import Connection
from caseway.domain.conversation import Author, State
from caseway.domain.ids import (
    ChannelId,
    ConversationKey,
    MessageId,
    OrganisationId,
)


@dataclass(frozen=True, slots=True)
class Inbound:
    """One message of a peer, as a channel parsed it. What the channel vouches for is `verified`."""

    organisation: OrganisationId
    channel: ChannelId
    peer: str
    address: str  # where replies go: frozen with the conversation
    author: Author
    name: str
    email: str
    phone: str
    verified: bool
    text: str
    provider_id: str  # the channel's own id of this message; empty matches nothing
    written_at: datetime
    starts_as_ai: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    key: ConversationKey
    message: MessageId
    new_message: bool  # False: a repeat; the ids are those that the first one made
    new_conversation: bool


class Intake(Protocol):
    """Keeps what customers write. Returns after the commit, never before."""

    async def keep(self, inbound: Inbound, connection: Connection) -> Kept: ...

    async def add(
        self,
        key: ConversationKey,
        *,
        author: Author,
        text: str,
        provider_id: str,
        connection: Connection,
        starts_as_ai: bool = False,
    ) -> Kept | None: ...

    async def hand_off(
        self, key: ConversationKey, note: str, *, by: str = "", actor: str = ""
    ) -> State | None:
        """`note` may be empty. `by`: the name of the person who does it, for the agent.

        `actor`: the user whose deed it is, for the audit log; here and below.
        """

    async def resolve(self, key: ConversationKey, *, actor: str = "") -> State | None: ...
