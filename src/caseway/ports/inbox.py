"""The list of conversations as the dashboard asks for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from caseway.domain.conversation import Author, State
from caseway.domain.delivery import State as Debt
from caseway.domain.finding import Sought
from caseway.domain.ids import CaseId, ChannelId, ConversationId, ConversationKey, OrganisationId


@dataclass(frozen=True, slots=True)
class ChannelName:
    id: ChannelId
    kind: str
    name: str
    removed: bool


@dataclass(frozen=True, slots=True)
class Filters:
    """Empty: any. `before` is the place of the last row that was seen."""

    sought: Sought | None
    states: frozenset[State]
    channel: ChannelId | None
    deliveries: frozenset[Debt]
    before: tuple[datetime, UUID] | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """A conversation in the list."""

    key: ConversationKey
    state: State
    said_at: datetime
    is_parked: bool
    channel_kind: str
    channel_name: str
    address: str
    name: str
    email: str
    phone: str
    case: CaseId | None  # None until it exists in Creatio
    case_number: str
    pages_url: str  # below which its Creatio has its pages
    last_author: Author | None  # None: nothing was said yet
    last_author_name: str
    last_said: str  # its beginning
    reply: Debt | None  # how the last reply stands; None: none among the newest messages


@dataclass(frozen=True, slots=True)
class Page:
    rows: Sequence[Listed]
    older: tuple[datetime, UUID] | None  # where the next page begins
    too_broad: bool = False  # a search that found more than it looks at


@dataclass(frozen=True, slots=True)
class Counts:
    """Each counted up to `most`, and no further."""

    ai: int
    waiting: int
    human: int
    under_way: int  # replies that customers are owed
    most: int

    @property
    def open(self) -> int:
        return min(self.most, self.ai + self.waiting + self.human)


@dataclass(frozen=True, slots=True)
class Need:
    """What failed for good: a person decides."""

    kind: str  # conversation, delivery, activity
    id: UUID  # the conversation's, the delivery's, the message's
    conversation: ConversationId
    reason: str
    since: datetime
    attempts: int
    name: str
    email: str
    phone: str
    address: str
    case_number: str
    channel_kind: str
    channel_name: str
    agent_knows: bool  # of a reply that failed: the note about it stands on the case


@dataclass(frozen=True, slots=True)
class Needs:
    """The newest first. `looked_through`: so many of the newest failures of a kind, and there are
    older ones, of which some may need somebody too; None: all.
    """

    found: Sequence[Need]
    looked_through: int | None


class Inbox(Protocol):
    """What an organisation does not have is not found. May raise `Later`."""

    async def channels(self, organisation: OrganisationId) -> Sequence[ChannelName]: ...

    async def page(self, organisation: OrganisationId, filters: Filters, *, most: int) -> Page:
        """Whoever said something last first; filtered by deliveries, the newest reply first."""

    async def counts(self, organisation: OrganisationId) -> Counts: ...

    async def needs(self, organisation: OrganisationId, *, most: int) -> Needs: ...

    async def token(self, organisation: OrganisationId) -> str:
        """Differs when the list may."""
