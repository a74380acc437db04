"""The event log as people read it: lists, one event whole, counts, what is exported."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from caseway.domain.adoption import Outcome
from caseway.domain.delivery import State as Debt
from caseway.domain.ids import (
    CaseId,
    ConnectionId,
    ConversationId,
    EventId,
    OrganisationId,
)
from caseway.ports.reads import Noticed, Ran

Place = tuple[datetime, UUID]  # where an event stands in the log: by its time, then its id


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events are meant; whatever is empty or None matches all."""

    outcome: Outcome | None = None
    type: str = ""
    found_by: str = ""
    connection: ConnectionId | None = None
    conversation: ConversationId | None = None
    case: CaseId | None = None
    number: str = ""  # of a case, now or earlier; two instances may both have it
    since: datetime | None = None  # included
    until: datetime | None = None  # left out


@dataclass(frozen=True, slots=True)
class EventPage:
    """The newest first. `next`: where the following page begins; None: this is the last.

    A search reads only so far at a time: then the page holds fewer than were asked for, even none,
    and `searched_to` says how far back it has looked.
    """

    items: tuple[Noticed, ...]
    next: Place | None
    searched_to: datetime | None = None


@dataclass(frozen=True, slots=True)
class TokenStanding:
    """The webhook token that a call showed."""

    public_name: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Brought:
    """A reply that a look imported after an event, and how it fares."""

    conversation: ConversationId
    author_name: str
    channel_name: str
    state: Debt | None
    reason: str
    attempts: int
    possible_double: bool
    kept_at: datetime
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Around:
    """The looks nearest to an event. A reply that it tells of may have been read just before it."""

    before: Ran | None  # began a moment before it came
    after: Ran | None  # the first that began after it and was answered: because of it


@dataclass(frozen=True, slots=True)
class Replayed:
    """A replay that read again what changed since an event."""

    order: UUID
    ordered_by: str
    at: datetime  # when its look was ordered


@dataclass(frozen=True, slots=True)
class WholeEvent:
    """One event with all that is known of it."""

    noticed: Noticed
    connection_name: str
    source: str
    token: TokenStanding | None  # None: a sweep found it
    body: bytes
    customer: str
    stopped: str  # why the conversation's sync has stopped; empty: it has not
    waits_until: datetime | None  # when its conversation is looked at next
    ran: tuple[Ran, ...]  # the looks that began after it, the first ones first
    brought: tuple[Brought, ...]  # what the first of them imported, or else the one before
    before: Ran | None = None  # a look that began a moment before it came
    replayed: tuple[Replayed, ...] = ()  # the first ones first


@dataclass(frozen=True, slots=True)
class Exported:
    noticed: Noticed
    source: str
    token_name: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Counted:
    """Events of one outcome that came within one bar of a strip."""

    at: datetime
    outcome: Outcome
    events: int


@dataclass(frozen=True, slots=True)
class Strip:
    """Counts over a span. `through`: up to when they are whole."""

    counts: tuple[Counted, ...]
    through: datetime


@dataclass(frozen=True, slots=True)
class Refused:
    """Webhook calls with a wrong token, of one token's name and one source."""

    public_name: str  # empty: nothing that looks like a token
    source: str
    calls: int
    known: bool  # the name is that of a token of ours, revoked or expired


class EventLog(Protocol):
    """Every answer is about one organisation. May raise `Later`."""

    async def page(
        self,
        organisation: OrganisationId,
        wanted: EventFilter,
        *,
        before: Place | None,
        limit: int,
    ) -> EventPage:
        """Costs the same wherever it begins, and however rare what is wanted is."""

    async def looks_around(
        self, organisation: OrganisationId, events: Sequence[Noticed]
    ) -> dict[EventId, Around]:
        """Of each event that names a conversation."""

    async def event(self, organisation: OrganisationId, event: EventId) -> WholeEvent | None: ...

    async def place(self, organisation: OrganisationId, event: EventId) -> Place | None:
        """Where an event stands in the log."""

    async def newest(self, organisation: OrganisationId) -> EventId | None: ...

    async def cases_numbered(
        self, organisation: OrganisationId, number: str
    ) -> Sequence[ConversationId]:
        """Conversations whose case has this number."""

    async def export(
        self,
        organisation: OrganisationId,
        wanted: EventFilter,
        *,
        before: Place | None,
        limit: int,
    ) -> tuple[Sequence[Exported], Place | None]:
        """One page with its bodies, and where the next begins."""

    async def strip(
        self,
        organisation: OrganisationId,
        *,
        since: datetime,
        until: datetime,
        bar: timedelta,
    ) -> Strip: ...

    async def refused(self, organisation: OrganisationId, since: datetime) -> Sequence[Refused]:
        """Calls with a wrong token, the most frequent first."""


class EventCounts(Protocol):
    """Keeps the counts that strips are drawn from, beside the receiver's way."""

    async def count(self) -> int:
        """Counts what came since the last time; how many minutes were closed."""

    async def prune(self, *, keep_events: int) -> None:
        """Minutes after two days, hours with the events, after so many days."""
