"""A person's word to look again at the conversations of some events."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, NewType, Protocol
from uuid import UUID

from caseway.domain.ids import (
    ConnectionKey,
    ConversationId,
    ConversationKey,
    EventId,
    OrganisationId,
)
from caseway.ports.event_log import EventFilter

OrderId = NewType("OrderId", UUID)


EVERYTHING: Final = EventFilter()


class OrderState(StrEnum):
    RUNNING = "running"
    STOPPED = "stopped"
    DONE = "done"


class Ordered(StrEnum):
    NOW = "now"
    BEFORE = "before"  # by the same form
    NOTHING = "nothing"  # there is nothing to look at


@dataclass(frozen=True, slots=True)
class Choice:
    """Which events: those picked, or where none are, all that a filter matches."""

    picked: tuple[EventId, ...] = ()
    wanted: EventFilter = EVERYTHING


@dataclass(frozen=True, slots=True)
class Weighed:
    """The dry run: what a replay would do."""

    events: int
    cut: bool  # there are more: the newest so many are meant
    without: int  # events that name no conversation of ours
    conversations: int
    calls: int  # of Creatio, about
    replies: int  # that customers may get at most, as far as we know
    stopped: int  # conversations whose sync has stopped: a look does not reach them


@dataclass(frozen=True, slots=True)
class Left:
    """A conversation of an order that has not simply been looked at."""

    conversation: ConversationId
    customer: str
    became: str  # waits, stopped
    reason: str


@dataclass(frozen=True, slots=True)
class Resting:
    """A connection whose calls of today are used up, but for what is kept for replies."""

    connection: str
    looks: int  # that wait for it


@dataclass(frozen=True, slots=True)
class Order:
    id: OrderId
    about: str
    events: int
    looks: int
    begun: int  # marked, and not yet ended
    ended: int
    state: OrderState
    ordered_by: str
    ordered_at: datetime
    ended_at: datetime | None
    replies: int  # imported in these conversations since their look was ordered
    left: tuple[Left, ...]
    resting: tuple[Resting, ...]


class Replays(Protocol):
    """The pages' side. Every answer is about one organisation. May raise `Later`."""

    async def weigh(self, organisation: OrganisationId, choice: Choice) -> Weighed:
        """Changes nothing."""

    async def order(
        self,
        organisation: OrganisationId,
        order: OrderId,
        choice: Choice,
        *,
        about: str,
        actor: str,
    ) -> Ordered:
        """Kept with its audit entry; the workers carry it out. Its id was chosen beforehand: twice
        is as once, as it was the first time.
        """

    async def stop(self, organisation: OrganisationId, order: OrderId, *, actor: str) -> bool:
        """No further look is begun. False: it was not running."""

    async def standing(self, organisation: OrganisationId, order: OrderId) -> Order | None: ...

    async def token(self, organisation: OrganisationId, order: OrderId) -> str:
        """Another one whenever its standing has changed."""

    async def under_way(self, organisation: OrganisationId, limit: int) -> Sequence[Order]:
        """The newest first; also those that wait for the next day."""


@dataclass(frozen=True, slots=True)
class Running:
    """An order as a worker meets it."""

    organisation: OrganisationId
    id: OrderId


@dataclass(frozen=True, slots=True)
class OwedLook:
    key: ConversationKey
    connection: ConnectionKey


class RunningReplays(Protocol):
    """The workers' side. Each call is one transaction, and harmless when repeated."""

    async def running(self) -> Sequence[Running]: ...

    async def settle(self, order: Running) -> int:
        """Notes which looks have ended, and ends the order after the last. How many are begun."""

    async def owed(
        self, order: Running, limit: int, *, without: Collection[ConnectionKey] = ()
    ) -> Sequence[OwedLook]:
        """The next ones, the oldest event first; `without` those of these connections."""

    async def begin(self, order: Running, looks: Sequence[OwedLook], *, most: int) -> int:
        """Marks them, with a job each, unless `most` are begun by now or the order was stopped."""

    async def rest(self, order: Running, connections: Collection[ConnectionKey]) -> None:
        """Whose looks are not begun now, for the order's page."""
