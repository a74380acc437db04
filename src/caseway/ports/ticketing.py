"""The door to one Creatio."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from caseway.domain.ids import (
    ActivityId,
    CaseId,
    RemoteContactId,
    StatusId,
)
from caseway.domain.remote import (
    Activity,
    Listing,
    Look,
    Made,
    NewActivity,
    NewCase,
    NewContact,
    Page,
    Status,
    Written,
)
from caseway.ports.inspection import Choice, Pick

CALL_TIMEOUT = timedelta(seconds=10)  # a lease outlives it
CASES_AT_ONCE = 12  # that one listing is asked of


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

    async def listing(self, cases: Sequence[CaseId]) -> Listing:
        """The status and the activities' ids of at most `CASES_AT_ONCE` cases, whenever changed."""

    async def time(self) -> datetime:
        """Creatio's own clock: the `Date` of a cheap answer, UTC."""

    async def newest_activities(
        self, cases: Sequence[CaseId], limit: int, *, marked_by: str
    ) -> Sequence[Activity]:
        """For the preview of the reply rule; `marked_by`: its column, as yet perhaps only typed."""

    async def choices(self, pick: Pick) -> Sequence[Choice]:
        """What a settings page lets people pick from, ordered by name."""

    async def existing(self, activities: Sequence[ActivityId]) -> frozenset[ActivityId]:
        """Which of these activities exist (at most 12 a call are asked for at once)."""


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request to Creatio, counted: `kind` is what it was for, `calls` what it cost."""

    kind: str
    calls: int


class CallCounter(Protocol):
    def count(self, call: Call) -> None: ...

    def used_today(self) -> int: ...
