"""The doors of the house. A call through a door returns, or raises `Later` or `Never`.

Anything else that comes out of a door is our own bug and stays loud.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from caseway.domain.adoption import Adoption, Known, Outcome, Reply
from caseway.domain.closure import Side
from caseway.domain.connection import ChannelAccount, Connection
from caseway.domain.conversation import Author, Ledger, MessageKind, Own, State
from caseway.domain.delivery import Delivery, Event, Kind
from caseway.domain.delivery import State as Debt
from caseway.domain.ids import (
    ActivityId,
    CaseId,
    ChannelId,
    ConnectionId,
    ConnectionKey,
    ConversationId,
    ConversationKey,
    DeliveryId,
    EventId,
    MessageId,
    OrganisationId,
    RemoteContactId,
    StatusId,
)
from caseway.domain.plan import Owed
from caseway.domain.remote import (
    Activity,
    Look,
    Made,
    NewActivity,
    NewCase,
    NewContact,
    Page,
    Status,
    Written,
)
from caseway.domain.token import WebhookToken


class Later(Exception):
    """Unreachable, throttled or broken over there: the same call may yet work."""

    def __init__(
        self,
        reason: str,
        *,
        maybe_taken: bool,
        retry_after: timedelta | None = None,
        remedy: str = "",
    ) -> None:
        super().__init__(reason)
        self.maybe_taken = maybe_taken  # a time-out, say: unlike a 429, it may have worked
        self.retry_after = retry_after
        self.remedy = remedy  # what a person may do, where there is something to do


class Never(Exception):
    """Refused over there: the same call will be refused again."""


class Ticketing(Protocol):
    """One connection's Creatio. Every call counts against its plan.

    No call outlives `CALL_TIMEOUT`; a call may raise `Later` or `Never`.
    """

    async def look(self, case: CaseId, *, since: datetime | None, case_first: bool) -> Look:
        """The case's status and its activities modified from `since` on (None: all of them).

        `case_first`: the case is what changed, so it is asked for alone; its activities only if
        it turns out resolved (a reply written before the closure is then always in the look that
        sees the closure). Otherwise one statement reads both at one instant, and the case alone
        is read when no row came back. A missing case is `gone`, never an error.
        """

    async def case_status(self, case: CaseId) -> StatusId | None:
        """The status alone; None if the case does not exist."""

    async def statuses(self) -> dict[StatusId, Status]:
        """Creatio's status table; cached."""

    async def create_case(self, case: NewCase) -> Made:
        """Create, or find by its id after any answer but 201 (`Made` either way)."""

    async def create_activities(self, case: CaseId, activities: Sequence[NewActivity]) -> Written:
        """Create them in order, then read the case's status, all in one request.

        What follows an undecided one is not created (order is kept): it is undecided, not taken.
        Never raises for a single activity; raises `Later` when nothing was answered at all.
        """

    async def write_status(self, case: CaseId, status: StatusId) -> None:
        """Set the case's status."""

    async def find_contacts(self, *, email: str, phone: str) -> Sequence[RemoteContactId]:
        """By email, and if there is none by phone (E.164); most recently modified first."""

    async def create_contact(self, contact: NewContact) -> Made:
        """Create, or find by its id after any answer but 201."""

    async def changed_activities(self, since: datetime, limit: int) -> Page:
        """Activities of any case modified from `since` on, ordered by (ModifiedOn, Id)."""

    async def changed_cases(self, since: datetime, limit: int) -> Page: ...

    async def time(self) -> datetime:
        """Creatio's own clock: the `Date` of a cheap answer, UTC."""

    async def newest_activities(self, cases: Sequence[CaseId], limit: int) -> Sequence[Activity]:
        """For the preview of the reply rule."""

    async def existing(self, activities: Sequence[ActivityId]) -> frozenset[ActivityId]:
        """Which of these activities exist (at most 12 a call are asked for at once)."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One delivery as a channel sees it."""

    id: DeliveryId  # the same on every attempt
    conversation: ConversationId
    message: MessageId
    kind: Kind
    author: str
    author_name: str
    text: str
    written_at: datetime
    address: str  # where the customer wrote from: frozen
    owed_at: datetime  # since when we owe it, UTC
    possible_double: bool  # only where the channel does not recognise repeats


class Channel(Protocol):
    """One kind of channel. It knows its wire and nothing of conversations or cases."""

    @property
    def kind(self) -> str: ...

    def recognises_repeats(self, account: ChannelAccount) -> bool:
        """Whether a second `send` with the same id is dropped over there."""

    async def send(self, account: ChannelAccount, outgoing: Outgoing) -> Event:
        """Hand one message over: `ACCEPTED` (taken) or `CONFIRMED` (the far side has it).

        May not write to our store, may not repeat by itself.
        """


CALL_TIMEOUT = timedelta(seconds=10)  # a lease outlives it


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request to Creatio, counted: `kind` is what it was for, `calls` what it cost."""

    kind: str
    calls: int


class CallCounter(Protocol):
    def count(self, call: Call) -> None: ...

    def used_today(self) -> int: ...


@dataclass(frozen=True, slots=True)
class JournalLine:
    """One deed of a run: `at` ms after its beginning, what, why, and how it ended."""

    at: int
    side: str  # caseway, creatio or the kind of channel
    deed: str
    why: str = ""
    outcome: str = "done"  # done, later, refused


@dataclass(frozen=True, slots=True)
class Claimed:
    """One worker's right to look at one conversation, for a while."""

    ledger: Ledger
    epoch: int
    hints: int  # what is worth reading: `Hint`
    starts: int  # more than 1: an earlier run never released
    peer: str

    @property
    def key(self) -> ConversationKey:
        return self.ledger.key


@dataclass(frozen=True, slots=True)
class Linked:
    """What became of activities that were written: proven ones in order, refused ones with why."""

    proven: tuple[tuple[Own, datetime | None], ...]
    refused: tuple[tuple[Own, str], ...]
    open_status: StatusId | None  # the case was read as open, under this, after the last existed


@dataclass(frozen=True, slots=True)
class Adopted:
    adoption: Adoption
    owed: Owed


@dataclass(frozen=True, slots=True)
class Opening:
    """What a new case says of its beginning."""

    name: str
    email: str
    phone: str
    verified: bool
    channel_kind: str
    channel_name: str
    first_words: str
    earlier_number: str  # the case before this one, closed for good
    other_number: str  # an open case of the same contact on another channel


class FencedOut(Exception):
    """The lease was lost to another worker: nothing of this run may be written any more."""


class Looks(Protocol):
    """The store as a run sees it. Every write is fenced: it raises `FencedOut` or commits whole."""

    async def claim(self, key: ConversationKey) -> Claimed | None:
        """T1. None: nothing is due, or somebody looks (then a job waits for the lease's end)."""

    async def renew(self, claimed: Claimed) -> bool: ...

    async def earlier_cases(self, claimed: Claimed) -> Sequence[CaseId]:
        """Cases that this conversation had before; agents may still write on them."""

    async def load(self, claimed: Claimed) -> Owed:
        """What the rows alone say is owed, where nothing is worth reading."""

    async def adopt(
        self,
        claimed: Claimed,
        look: Look,
        decide: Callable[[Ledger, Mapping[ActivityId, Known]], Adoption],
        words: Callable[[Reply], str],
    ) -> Adopted:
        """T2. `decide` is called under the row's lock with the ledger as it is now."""

    async def note(self, claimed: Claimed, before: Delivery, after: Delivery) -> bool:
        """T4a. False: another run has settled it."""

    async def settle(
        self,
        claimed: Claimed,
        after: Delivery,
        *,
        reason: str,
        tell: str | None,
        shown: bool,
    ) -> Owed | None:
        """T4b. `tell`: the words for the agent when it failed for good (then what is owed anew).

        `shown`: pages that watch this conversation are told.
        """

    async def opening(self, claimed: Claimed) -> Opening: ...

    async def settle_and_release(
        self,
        claimed: Claimed,
        after: Delivery,
        *,
        shown: bool,
        durable: bool,
        begun_at: datetime,
        steps: Sequence[JournalLine],
    ) -> bool:
        """T4b and T9 in one, where it was the last thing owed. False: released it is not yet.

        `durable`: whether the channel would notice if a crash of the store lost the note.
        """

    async def keep_contact(self, claimed: Claimed, remote: RemoteContactId) -> None: ...

    async def case_made(self, claimed: Claimed, number: str) -> None: ...

    async def link(self, claimed: Claimed, linked: Linked, owed: Owed) -> Owed:
        """T5. Returns what is owed after it."""

    async def cover(self, claimed: Claimed, owed: Owed) -> Owed:
        """The case was read as open with all that is linked inside it."""

    async def status_written(
        self, claimed: Claimed, side: Side, status: StatusId, *, now: datetime
    ) -> None:
        """T6."""

    async def release(
        self,
        claimed: Claimed,
        *,
        hints_left: int,
        failures: int,
        wait: timedelta | None,
        begun_at: datetime,
        steps: Sequence[JournalLine],
    ) -> None:
        """T9. `wait`: until the next attempt of what is owed; None: nothing waits."""

    async def park(self, claimed: Claimed, reason: str) -> None: ...


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
    ) -> Kept | None: ...

    async def hand_off(self, key: ConversationKey, note: str) -> State | None: ...

    async def resolve(self, key: ConversationKey) -> State | None: ...


@dataclass(frozen=True, slots=True)
class NewEvent:
    """A call to the webhook with a right token, as received. `case` and `type` as far as known."""

    id: EventId
    organisation: OrganisationId
    connection: ConnectionId
    token: UUID
    token_name: str
    source: str
    type: str
    case: CaseId | None
    outcome: Outcome  # accepted: look for its conversation; others are kept as they are
    reason: str
    body: bytes


@dataclass(frozen=True, slots=True)
class KeptEvent:
    """`token_holds` is judged in the commit itself, so a revoked token is refused at once."""

    token_holds: bool
    conversation: ConversationId | None


class Overloaded(Exception):
    """Too many wait for a commit already: say 503 now rather than 200 for what is not kept."""


class Events(Protocol):
    async def keep(self, event: NewEvent) -> KeptEvent:
        """Kept and committed, together with whatever else arrives; marks its conversation.

        Raises `Overloaded`, or `Later` when the store cannot be reached.
        """


@dataclass(frozen=True, slots=True)
class SweepClaim:
    """One runner's right to sweep one entity of one connection."""

    connection: ConnectionKey
    entity: str  # Activity or Case
    epoch: int
    watermark: datetime | None  # Creatio's time; None: never swept
    overlap: timedelta


@dataclass(frozen=True, slots=True)
class Found:
    """What one page of a sweep brought: rows not seen before, conversations triggered."""

    new: int
    triggered: int
    healed: int  # replies that no webhook told of


class Sweeps(Protocol):
    async def due(
        self, connections: Sequence[ConnectionKey]
    ) -> Sequence[tuple[ConnectionKey, str]]:
        """Which (connection, entity) to sweep now; new connections get their cursors here."""

    async def claim(self, connection: ConnectionKey, entity: str) -> SweepClaim | None: ...

    async def begin(self, claim: SweepClaim, watermark: datetime) -> None:
        """The first watermark: Creatio's time when the connection was first asked."""

    async def keep(self, claim: SweepClaim, page: Page) -> Found:
        """One page: remembered, marks set, watermark moved, all in one transaction."""

    async def release(
        self, claim: SweepClaim, *, next_in: timedelta, trouble: str | None
    ) -> None: ...

    async def webhooks_last_used(self, connection: ConnectionKey) -> datetime | None: ...


class Healing(Protocol):
    async def heal(self, *, older_than: timedelta) -> int:
        """Jobs for marks and leases that nobody comes back for; how many."""

    async def recover(self) -> int:
        """At start: jobs for all that is due, and for running leases when they are over."""

    async def bring_forward(self, connection: ConnectionKey) -> int: ...

    async def tidy(self, *, keep_events: int, keep_ignored: int) -> None:
        """Days prepared and dropped, logs pruned."""


# What the web asks of the store. Everything here is bound to the organisation that it names.


class Directory(Protocol):
    """The configuration as it is now, of what is known to exist. May raise `Later`."""

    async def token(self, public_name: str) -> WebhookToken | None:
        """Also one that ended: whoever asks says whether it still holds."""

    async def connection(self, key: ConnectionKey) -> Connection: ...

    async def channel(self, organisation: OrganisationId, channel: ChannelId) -> ChannelAccount: ...


class KeyHolder(Protocol):
    """Whoever showed a right API key."""

    @property
    def organisation(self) -> OrganisationId: ...

    @property
    def public_name(self) -> str: ...


class ApiKeys(Protocol):
    async def holder(self, shown: str) -> KeyHolder | None:
        """Who shows this key; None for a wrong, revoked or malformed one."""


class RefusalCounts(Protocol):
    async def add(self, refusals: Mapping[tuple[str, str], int]) -> None:
        """Webhook calls with a wrong token since the last time, by (public name, source)."""


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
    base_url: str  # of the case's Creatio
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
    found_by: str
    type: str
    case: CaseId | None
    conversation: ConversationId | None
    outcome: Outcome
    reason: str


@dataclass(frozen=True, slots=True)
class Happened:
    """Why Caseway looked at a conversation: its customer wrote, Creatio called, a sweep found."""

    id: UUID
    conversation: ConversationId | None
    at: datetime
    kind: str  # customer, webhook, sweep
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

    async def events(
        self,
        organisation: OrganisationId,
        *,
        type: str,
        outcome: str,
        conversation: ConversationId | None,
        before: tuple[datetime, UUID] | None,
        limit: int,
    ) -> Sequence[Noticed]:
        """The newest first. Empty `type` or `outcome`: any."""

    async def channel_named(self, organisation: OrganisationId, name: str) -> ChannelId | None:
        """By its name or id; none that was removed."""

    async def handed_off_since(self, key: ConversationKey, since: datetime) -> bool: ...

    async def story(self, organisation: OrganisationId, since: datetime) -> Story: ...


@dataclass(frozen=True, slots=True)
class Answered:
    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Reservation:
    """What is known of an idempotency key once it is reserved."""

    same_request: bool  # False: the key was used for another one
    taken_up: bool  # somebody reserved it before, and left no answer
    since: datetime  # when it was reserved first
    busy: bool  # that was a moment ago: the answer may yet come
    answer: Answered | None  # the first one's, once there is one


class Repeats(Protocol):
    """Reserved before the effect, completed after it. A reservation that was never completed is
    taken up by the repeat, so every effect under a key must recognise its own trace.
    """

    async def reserve(
        self, organisation: OrganisationId, key: str, route: str, fingerprint: bytes
    ) -> Reservation: ...

    async def complete(
        self, organisation: OrganisationId, key: str, answer: Answered
    ) -> Answered: ...

    async def release(self, organisation: OrganisationId, key: str) -> None:
        """Nothing came of it: the key may be used again."""


@dataclass(frozen=True, slots=True)
class Limit:
    """So many in so long a time, counted in windows that begin with their first."""

    subject: str
    most: int
    window: timedelta


class Rates(Protocol):
    async def take(
        self, organisation: OrganisationId, limits: Sequence[Limit]
    ) -> tuple[Limit, timedelta] | None:
        """Count one under every limit; or, counting none, the one that is full and its wait."""


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


class Wakes(Protocol):
    @property
    def is_listening(self) -> bool:
        """False: nothing is heard now, so who waits looks for themselves."""

    async def follow(self, woken: Callable[[ConversationId | None], None]) -> None:
        """Calls for each conversation that changed, None after anything may have been missed.

        Runs until it is cancelled.
        """
