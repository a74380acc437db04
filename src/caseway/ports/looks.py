"""The store as a run sees it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from caseway.domain.adoption import Adoption, Known, Reply
from caseway.domain.closure import Side
from caseway.domain.conversation import Ledger, Own
from caseway.domain.delivery import Delivery
from caseway.domain.ids import (
    ActivityId,
    CaseId,
    ConversationKey,
    RemoteContactId,
    StatusId,
)
from caseway.domain.plan import Owed
from caseway.domain.remote import (
    Look,
)


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
    begun_at: datetime  # by the store's clock, as events are: their order is which came of which
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
    stamps_off: timedelta = timedelta(0)  # how far their stamps are from the clock that answered


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
        steps: Sequence[JournalLine],
    ) -> None:
        """T9. `wait`: until the next attempt of what is owed; None: nothing waits."""

    async def park(self, claimed: Claimed, reason: str) -> None: ...
