"""What pages and the API read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, Protocol
from uuid import UUID

from caseway.domain.adoption import Outcome
from caseway.domain.conversation import Author, MessageKind, State
from caseway.domain.delivery import State as Debt
from caseway.domain.ids import (
    ActivityId,
    CaseId,
    ChannelId,
    ConnectionId,
    ConversationId,
    ConversationKey,
    EventId,
    MessageId,
    OrganisationId,
)
from caseway.ports.looks import JournalLine

LEFT: Final = "left activity "  # how a journal names what the reply rule held back
FoundBy = Literal["webhook", "sweep", "test"]  # test: a call that Caseway sent to itself


@dataclass(frozen=True, slots=True)
class Overview:
    """A conversation as people outside see it."""

    key: ConversationKey
    state: State
    channel: ChannelId
    channel_name: str
    name: str
    email: str
    phone: str
    case: CaseId | None  # None until it exists in Creatio
    case_number: str
    pages_url: str  # below which the case's Creatio has its pages
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Said:
    """A message as people outside see it."""

    id: MessageId
    conversation: ConversationId
    position: int
    author: Author
    author_name: str
    kind: MessageKind
    text: str
    provider_id: str
    written_at: datetime
    activity: ActivityId | None  # None until it exists in Creatio
    delivery: Debt | None  # None: nobody is owed this message
    attempts: int
    possible_double: bool


@dataclass(frozen=True, slots=True)
class Noticed:
    """An event as it was kept: a webhook's call, or what a sweep found first."""

    id: EventId
    received_at: datetime
    found_by: FoundBy
    type: str
    case: CaseId | None
    conversation: ConversationId | None
    outcome: Outcome
    reason: str
    connection: ConnectionId
    case_number: str = ""  # where the case is a conversation's


@dataclass(frozen=True, slots=True)
class Happened:
    """Why Caseway looked at a conversation: its customer wrote, Creatio called, a sweep found."""

    id: UUID
    conversation: ConversationId | None
    at: datetime
    kind: str  # customer, webhook, sweep, test, person (by hand), replay
    about: str  # the event's type, or the message's text
    outcome: str
    reason: str


@dataclass(frozen=True, slots=True)
class Ran:
    """One look, as its journal tells it."""

    id: UUID
    conversation: ConversationId
    begun_at: datetime
    ended_at: datetime
    lines: tuple[JournalLine, ...]

    @property
    def was_answered(self) -> bool:
        """False: Creatio was away, so nothing could be known of its side."""
        return not any(line.side == "creatio" and line.outcome == "later" for line in self.lines)

    def adds_nothing_to(self, earlier: "Ran") -> bool:
        """It was answered, and at most left in Creatio what the earlier one had left there."""
        known = {(line.deed, line.why) for line in earlier.lines if line.deed.startswith(LEFT)}
        return self.was_answered and all(
            line.side == "creatio" or (line.deed, line.why) in known for line in self.lines
        )


@dataclass(frozen=True, slots=True)
class Story:
    """What was noticed and done since a moment, oldest first, and how far a first tour has come."""

    happened: tuple[Happened, ...]
    ran: tuple[Ran, ...]
    wrote: bool
    case_opened: bool
    answered: bool
    arrived: bool
    resolved: bool


class Reads(Protocol):
    """None, or an empty sequence, for whatever the organisation does not have."""

    async def conversation(self, key: ConversationKey) -> Overview | None: ...

    async def message(self, key: ConversationKey, message: MessageId) -> Said | None: ...

    async def messages(self, key: ConversationKey, *, after: int, limit: int) -> Sequence[Said]:
        """In order, from the position after `after` on."""

    async def channel_named(self, organisation: OrganisationId, name: str) -> ChannelId | None:
        """By its name or id; none that was removed."""

    async def handed_off_since(self, key: ConversationKey, since: datetime) -> bool: ...

    async def story(self, organisation: OrganisationId, since: datetime) -> Story: ...
