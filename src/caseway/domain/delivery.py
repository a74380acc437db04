"""A delivery is a debt: an agent's reply that the customer is still owed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Self, assert_never
from uuid import UUID, uuid5

from caseway.domain.ids import DeliveryId, MessageId


class State(StrEnum):
    OWED = "owed"
    SENDING = "sending"
    UNKNOWN = "unknown"  # may have been sent
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"


class Event(StrEnum):
    CLAIMED = "claimed"  # we are about to call the channel
    POSTPONED = "postponed"  # it said: later
    LOST = "lost"  # no answer: it may have worked
    ACCEPTED = "accepted"  # it took the message
    CONFIRMED = "confirmed"  # the customer's side has it
    SEEN = "seen"  # the customer has read it
    REJECTED = "rejected"  # the channel said: never
    REPLAYED = "replayed"  # a person said: once more


RECEIPTS: Final = {Event.CONFIRMED: State.DELIVERED, Event.SEEN: State.READ}
TRANSITIONS: Final[Mapping[State, Mapping[Event, State]]] = {
    State.OWED: {Event.CLAIMED: State.SENDING, Event.REJECTED: State.FAILED},
    State.SENDING: {
        Event.CLAIMED: State.SENDING,  # we died in the call: as good as unknown
        Event.POSTPONED: State.OWED,
        Event.LOST: State.UNKNOWN,
        Event.ACCEPTED: State.SENT,
        Event.REJECTED: State.FAILED,
        **RECEIPTS,  # a receipt may outrun our note, and ends all doubt
    },
    State.UNKNOWN: {Event.CLAIMED: State.SENDING, Event.REJECTED: State.FAILED, **RECEIPTS},
    State.SENT: {Event.REJECTED: State.FAILED, **RECEIPTS},
    State.DELIVERED: RECEIPTS,
    State.READ: {Event.CONFIRMED: State.READ, Event.SEEN: State.READ},  # late or repeated
    State.FAILED: {Event.REPLAYED: State.OWED},
}
PATIENCE: Final = timedelta(seconds=15)  # a `sending` found this old is doubt
UNSETTLED: Final = frozenset({State.OWED, State.SENDING, State.UNKNOWN})


class Kind(StrEnum):
    """What is delivered: an agent's words, or the line that tells of the closure."""

    MESSAGE = "message"
    CLOSING = "closing"


@dataclass(frozen=True, slots=True)
class Delivery:
    id: DeliveryId
    message: MessageId
    kind: Kind
    state: State
    author: str
    author_name: str
    text: str
    written_at: datetime  # UTC, in Creatio
    address: str
    order: tuple[datetime, UUID]  # (CreatedOn, Id) as Creatio keeps them
    owed_at: datetime  # UTC
    not_before: datetime  # UTC
    attempts: int
    possible_double: bool  # an earlier attempt may have arrived; stays until a receipt

    @property
    def in_doubt(self) -> bool:
        """An earlier attempt may have arrived."""
        return self.state in {State.SENDING, State.UNKNOWN}

    def unanswered(self, *, maybe_taken: bool) -> Event:
        """A 429 today does not undo yesterday's time-out: doubt, once there, stays."""
        return Event.LOST if self.in_doubt or maybe_taken else Event.POSTPONED

    def on(self, event: Event) -> Self:
        return replace(self, state=TRANSITIONS[self.state][event])


def head(queue: Sequence[Delivery]) -> Delivery | None:
    """The delivery that holds up the rest of its conversation, or none if all are settled.

    What was attempted before comes first (nothing overtakes it); among those never attempted
    the one that Creatio created first. A row that becomes visible late goes next, never back.
    """
    unsettled = [d for d in queue if d.state in UNSETTLED]
    if not unsettled:
        return None
    tried = [d for d in unsettled if d.attempts]
    return min(tried or unsettled, key=lambda d: d.order)


def plan(queue: Sequence[Delivery], *, now: datetime) -> Delivery | None:
    """The one delivery to attempt now; an unsettled head that waits holds up the rest."""
    delivery = head(queue)
    if delivery is None:
        return None
    match delivery.state:
        case State.OWED | State.SENDING | State.UNKNOWN:
            return delivery if delivery.not_before <= now else None
        case State.SENT | State.DELIVERED | State.READ | State.FAILED:
            raise AssertionError(delivery.state)
        case never:
            assert_never(never)


def failure_note(delivery: UUID, attempts: int) -> MessageId:
    """The message that tells the agent on the case; one for each time that it was given up."""
    return MessageId(uuid5(delivery, f"failure/{attempts}"))
