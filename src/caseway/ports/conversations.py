"""One conversation as its page shows it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from caseway.domain.closure import Side
from caseway.domain.conversation import Author, MessageKind, State
from caseway.domain.delivery import State as Debt
from caseway.domain.ids import (
    ActivityId,
    CaseId,
    ChannelId,
    ConnectionId,
    ConversationId,
    ConversationKey,
    DeliveryId,
    MessageId,
    RemoteContactId,
)
from caseway.ports.reads import Happened, Ran


@dataclass(frozen=True, slots=True)
class OtherTalk:
    """Another conversation of the same contact."""

    id: ConversationId
    state: State
    created_at: datetime
    case_number: str
    channel_kind: str
    channel_name: str


@dataclass(frozen=True, slots=True)
class EarlierCase:
    """A case that the conversation had before."""

    id: CaseId
    number: str
    given_up_at: datetime


@dataclass(frozen=True, slots=True)
class Facts:
    key: ConversationKey
    state: State
    state_since: datetime
    created_at: datetime
    channel: ChannelId
    channel_kind: str
    channel_name: str
    channel_removed: bool
    address: str  # frozen: replies go only here
    name: str
    email: str
    phone: str
    verified: bool
    remote_contact: RemoteContactId | None
    connection: ConnectionId
    connection_name: str
    pages_url: str  # below which its Creatio has its pages
    trouble: str  # what keeps the connection from working; empty: nothing that we know of
    trouble_since: datetime | None
    case: CaseId | None  # None until it exists in Creatio
    case_number: str
    wants_case: bool
    agreed: Side | None
    parked_at: datetime | None
    parked_reason: str
    failures: int  # looks in a row that had to wait for somebody
    untold: frozenset[MessageId]  # what is not written to the case yet
    others: Sequence[OtherTalk]  # the newest first
    earlier_cases: Sequence[EarlierCase]  # the newest first


@dataclass(frozen=True, slots=True)
class Try:
    """One attempt to deliver."""

    number: int
    begun_at: datetime
    ended_at: datetime | None
    became: Debt
    reason: str


@dataclass(frozen=True, slots=True)
class Sending:
    """A delivery with its attempts."""

    id: DeliveryId
    state: Debt
    owed_at: datetime
    not_before: datetime
    attempts: int
    possible_double: bool
    reason: str
    settled_at: datetime | None
    tries: Sequence[Try]  # the newest of them, in order


@dataclass(frozen=True, slots=True)
class Counterpart:
    """An activity: ours, planned or proven, or theirs."""

    id: ActivityId
    is_ours: bool
    created_on: datetime | None  # Creatio's time
    linked_at: datetime | None  # None: not proven
    refused_at: datetime | None
    refusal: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the ledger: a message, and across from it its activity."""

    message: MessageId
    position: int
    author: Author
    author_name: str
    kind: MessageKind
    text: str
    written_at: datetime
    kept_at: datetime
    activity: Counterpart | None
    delivery: Sending | None


@dataclass(frozen=True, slots=True)
class KeptBack:
    """An activity that stays in Creatio: seen first at, and the newest reason."""

    activity: ActivityId
    seen_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Leaf:
    """Some of the ledger, in order."""

    entries: Sequence[Entry]
    kept_back: Sequence[KeptBack]
    earlier: int | None  # the position before which the rest stands


@dataclass(frozen=True, slots=True)
class Balance:
    messages: int
    activities: int
    refused: int
    missing: Sequence[int]  # positions without an activity
    is_whole: bool  # False: only the newest were counted


@dataclass(frozen=True, slots=True)
class Deed:
    """What a person did by hand."""

    id: UUID
    at: datetime
    actor: str
    action: str
    after: str  # JSON; empty: nothing


@dataclass(frozen=True, slots=True)
class History:
    """What happened and was done, oldest first, back to where the next page begins."""

    happened: Sequence[Happened]
    ran: Sequence[Ran]
    deeds: Sequence[Deed]
    earlier: datetime | None


class Conversations(Protocol):
    """Nothing of another organisation is found. May raise `Later`."""

    async def facts(self, key: ConversationKey) -> Facts | None: ...

    async def leaf(self, facts: Facts, *, before: int | None, most: int) -> Leaf:
        """The newest messages, or those before a position."""

    async def balance(self, key: ConversationKey) -> Balance: ...

    async def history(
        self, key: ConversationKey, *, before: datetime | None, most: int
    ) -> History: ...

    async def token(self, key: ConversationKey) -> str:
        """Differs when the page may; empty: there is no such conversation."""
