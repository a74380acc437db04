"""The store as the widget sees it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from caseway.domain.conversation import Author, State
from caseway.domain.ids import (
    ChannelId,
    ConversationId,
    MessageId,
    OrganisationId,
)


@dataclass(frozen=True, slots=True)
class Visitor:
    """A device's session on a widget."""

    organisation: OrganisationId
    channel: ChannelId
    session: str  # public name
    peer: str
    identified: bool
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Line:
    """A message as a widget's visitor sees it."""

    id: MessageId
    author: Author
    author_name: str
    text: str
    written_at: datetime
    shown_at: datetime  # when it became visible: kept, or handed to the widget
    client_id: str  # of the visitor's own ones


@dataclass(frozen=True, slots=True)
class Transcript:
    """What a visitor may see, in order. `conversations`: those that may still change."""

    state: State | None  # None: no conversation yet
    lines: tuple[Line, ...]
    conversations: tuple[ConversationId, ...]


class WidgetSessions(Protocol):
    async def organisation_of(self, channel: ChannelId) -> OrganisationId | None: ...

    async def open(self, visitor: Visitor, digest: bytes) -> None: ...

    async def holder(self, channel: ChannelId, session: str, digest: bytes) -> Visitor | None:
        """Whose token this is, if it belongs to this channel."""

    async def transcript(self, visitor: Visitor, *, since: datetime | None) -> Transcript:
        """All that is recent; with `since` only what became visible from then on."""

    async def line(self, visitor: Visitor, client_id: str) -> Line | None:
        """The visitor's own message of this id, if we have it."""

    async def is_open(self, visitor: Visitor) -> bool:
        """Whether a message would join a conversation rather than begin one."""

    async def acknowledge(self, visitor: Visitor, through: datetime) -> None:
        """Replies that were shown up to then have arrived."""
