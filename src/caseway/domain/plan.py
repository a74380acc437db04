"""The plan: which steps a conversation is still owed, and why. Pure and printable."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from caseway.domain.closure import Side
from caseway.domain.conversation import Ledger, Own
from caseway.domain.delivery import Delivery
from caseway.domain.delivery import plan as next_delivery
from caseway.domain.ids import DeliveryId, RemoteContactId, StatusId


class Lane(StrEnum):
    """A lane that has to wait stops for this run; the others go on."""

    REPLIES = "replies"
    ACTIVITIES = "activities"
    STATUS = "status"
    LOOK = "look"


@dataclass(frozen=True, slots=True)
class Send:
    delivery: Delivery
    lane = Lane.REPLIES

    def __str__(self) -> str:
        copy = ", may be a second copy" if self.delivery.in_doubt else ""
        return f"send reply {self.delivery.id} (attempt {self.delivery.attempts + 1}{copy})"


@dataclass(frozen=True, slots=True)
class FindContact:
    lane = Lane.ACTIVITIES

    def __str__(self) -> str:
        return "find the contact in Creatio, or create it"


@dataclass(frozen=True, slots=True)
class OpenCase:
    lane = Lane.ACTIVITIES

    def __str__(self) -> str:
        return "create the case"


@dataclass(frozen=True, slots=True)
class WriteActivities:
    own: tuple[Own, ...]
    lane = Lane.ACTIVITIES

    def __str__(self) -> str:
        first, last = self.own[0].position, self.own[-1].position
        which = f"message {first}" if first == last else f"messages {first} to {last}"
        return f"create the activity of {which}" if first == last else f"create activities: {which}"


@dataclass(frozen=True, slots=True)
class WriteStatus:
    side: Side
    status: StatusId
    lane = Lane.STATUS

    def __str__(self) -> str:
        return f"set the case's status so that it is {self.side} ({self.status})"


@dataclass(frozen=True, slots=True)
class LookAgain:
    lane = Lane.LOOK

    def __str__(self) -> str:
        return "read the case's status once more: an activity was not yet seen in an open case"


Step = Send | FindContact | OpenCase | WriteActivities | WriteStatus | LookAgain

MOST_ACTIVITIES_AT_ONCE = 80  # Creatio takes 100 parts in one request


@dataclass(frozen=True, slots=True)
class Owed:
    """Everything from which the lanes are derived; a successor derives the same from the rows."""

    ledger: Ledger
    own: tuple[Own, ...]  # unlinked and not refused, in order of position
    deliveries: tuple[Delivery, ...]  # unsettled
    write: tuple[Side, StatusId] | None  # as the last look decided
    remote_contact: RemoteContactId | None
    looked_again: bool = False
    noted: DeliveryId | None = None  # its first attempt was noted when it was imported
    last: Delivery | None = None  # sent and not yet settled: settled together with the release

    def without(self, own: Sequence[Own]) -> "Owed":
        done = {o.message for o in own}
        return replace(self, own=tuple(o for o in self.own if o.message not in done))


def steps(owed: Owed, *, now: datetime) -> list[Step]:
    """Everything owed, at most one step a lane: replies first, then activities, then the status."""
    ledger = owed.ledger
    found: list[Step] = []
    if delivery := next_delivery(owed.deliveries, now=now):
        found.append(Send(delivery))
    if step := _activities(owed):
        found.append(step)
    if owed.write and ledger.agreed and ledger.ours is owed.write[0]:
        found.append(WriteStatus(*owed.write))
    uncovered = ledger.waiting and ledger.linked_through > ledger.covered_through
    both_open = ledger.ours is Side.OPEN and ledger.agreed is Side.OPEN
    if uncovered and both_open and not owed.write and not owed.looked_again:
        found.append(LookAgain())
    return found


def _activities(owed: Owed) -> Step | None:
    ledger = owed.ledger
    if not ledger.wants_case:
        return None
    if ledger.agreed is None:
        return OpenCase() if owed.remote_contact else FindContact()
    if owed.own:
        return WriteActivities(owed.own[:MOST_ACTIVITIES_AT_ONCE])
    return None
