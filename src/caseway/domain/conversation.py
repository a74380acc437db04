"""A conversation as our rows tell it: its state, its case, what both sides agreed on last."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from caseway.domain.closure import Side
from caseway.domain.ids import (
    ActivityId,
    CaseId,
    ChannelId,
    ConnectionId,
    ContactId,
    ConversationKey,
    EventId,
    MessageId,
    StatusId,
)


class State(StrEnum):
    AI = "ai"
    WAITING = "waiting"  # handed off, no agent has replied yet
    HUMAN = "human"
    RESOLVED = "resolved"


class Move(StrEnum):
    HANDED_OFF = "handed_off"
    ANSWERED = "answered"  # an agent's reply
    RESOLVED = "resolved"
    REOPENED = "reopened"  # nobody had replied yet
    RESUMED = "resumed"  # reopened, and an agent had replied


TRANSITIONS: Final[Mapping[State, Mapping[Move, State]]] = {
    State.AI: {
        Move.HANDED_OFF: State.WAITING,
        Move.ANSWERED: State.HUMAN,
        Move.RESOLVED: State.RESOLVED,
    },
    State.WAITING: {
        Move.HANDED_OFF: State.WAITING,
        Move.ANSWERED: State.HUMAN,
        Move.RESOLVED: State.RESOLVED,
    },
    State.HUMAN: {
        Move.HANDED_OFF: State.HUMAN,
        Move.ANSWERED: State.HUMAN,
        Move.RESOLVED: State.RESOLVED,
    },
    State.RESOLVED: {
        Move.ANSWERED: State.RESOLVED,  # delivered, and changes no state
        Move.RESOLVED: State.RESOLVED,
        Move.REOPENED: State.WAITING,
        Move.RESUMED: State.HUMAN,
    },
}


class Author(StrEnum):
    CONTACT = "contact"
    AI = "ai"
    AGENT = "agent"
    SYSTEM = "system"


class MessageKind(StrEnum):
    TEXT = "text"
    HANDOFF = "handoff"  # the note that a person is asked for
    CLOSING = "closing"  # the line that tells the customer of the closure; never an activity
    FAILURE = "failure"  # tells the agent that a reply could not be delivered


class Hint:
    """What is worth reading in Creatio: never what to do."""

    ACTIVITIES = 1
    CASE = 2
    EARLIER = 4  # activities of the cases that this conversation had before
    WHOLE = 8  # every activity of the case, whenever it was modified


REOPENINGS_ALLOWED: Final = 3
REOPENINGS_WITHIN: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Own:
    """A message of our side that is owed an activity, under the id it will have."""

    message: MessageId
    activity: ActivityId
    position: int
    author: Author
    author_name: str
    kind: MessageKind
    text: str
    written_at: datetime


@dataclass(frozen=True, slots=True)
class Ledger:
    """A conversation's row: everything that the plan needs to know of our side."""

    key: ConversationKey
    connection: ConnectionId
    channel: ChannelId
    contact: ContactId
    address: str
    state: State
    created_at: datetime
    case: CaseId | None
    case_ordinal: int
    case_number: str
    wants_case: bool
    agreed: Side | None  # None: there is no case yet
    agreed_status: StatusId | None
    last_open_status: StatusId | None
    held_status: StatusId | None
    reopened_status: StatusId | None
    left_open: bool
    agent_replied: bool
    reopenings: tuple[datetime, ...]
    claim: EventId | None  # a case_closed that this run may judge
    last_position: int
    last_contact_position: int
    last_own_position: int
    linked_through: int
    covered_through: int
    read_through: datetime | None
    failures: int
    superseded: bool = False  # resolved, and the same peer's next conversation is open

    @property
    def ours(self) -> Side:
        return Side.RESOLVED if self.state is State.RESOLVED else Side.OPEN

    @property
    def waiting(self) -> bool:
        """A customer's message that no closure may end: the case was not seen open with it."""
        return self.last_contact_position > self.covered_through

    @property
    def owes_activities(self) -> bool:
        return self.last_own_position > self.linked_through

    def fuse_blown(self, now: datetime) -> bool:
        """We reopened this case so often that something over there closes it by itself."""
        recent = [at for at in self.reopenings if at > now - REOPENINGS_WITHIN]
        return len(recent) >= REOPENINGS_ALLOWED
