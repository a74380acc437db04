"""What we see of Creatio's side: a case, its activities, the statuses. Their words, their ids."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from caseway.domain.ids import ActivityId, CaseId, RemoteContactId, StatusId


@dataclass(frozen=True, slots=True)
class Status:
    """A row of Creatio's status table; tenants add their own, so the flags decide."""

    id: StatusId
    name: str
    is_resolved: bool
    is_final: bool
    is_paused: bool

    @property
    def flagged(self) -> bool:
        return self.is_resolved or self.is_final


@dataclass(frozen=True, slots=True)
class Activity:
    """One entry on a case, with the columns that the reply rule reads. Times are UTC."""

    id: ActivityId
    case: CaseId | None
    created_on: datetime
    modified_on: datetime
    type_id: UUID
    category_id: UUID
    status_id: UUID
    message_type_id: UUID
    send_status_id: UUID
    author_id: UUID
    owner_id: UUID
    created_by_id: UUID
    title: str
    body: str
    detailed_result: str
    notes: str
    sender: str
    recipients: str
    is_html: bool
    is_auto_submitted: bool
    author_name: str = ""
    is_marked: bool = False  # the column that the reply rule asks for is set


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at a case found. `gone`: the case does not exist there (any more)."""

    status: StatusId | None
    activities: tuple[Activity, ...]
    at: datetime  # the `Date` of Creatio's answer, UTC
    since: datetime | None = None  # activities modified from then on were asked for
    gone: bool = False
    case_only: bool = False  # activities were not read: nothing follows from their absence
    number: str = ""


@dataclass(frozen=True, slots=True)
class NewCase:
    id: CaseId
    subject: str
    description: str
    contact: RemoteContactId | None
    origin: UUID | None
    priority: UUID | None
    owner: UUID | None
    group: UUID | None


@dataclass(frozen=True, slots=True)
class NewActivity:
    id: ActivityId
    case: CaseId
    contact: RemoteContactId | None  # the customer, for the customer's own words
    title: str
    text: str
    at: datetime  # when it was written, UTC
    type_id: UUID | None = None  # the connection's, else Task


@dataclass(frozen=True, slots=True)
class NewContact:
    id: RemoteContactId
    name: str
    email: str
    phone: str


@dataclass(frozen=True, slots=True)
class Made:
    """A create that is known to have worked: answered 201, or found by its id afterwards."""

    at: datetime  # the `Date` of the answer
    stamp: datetime | None = None  # the row's CreatedOn as answered
    number: str = ""
    found: bool = False  # made by an earlier attempt: its stamp tells nothing of their clock

    @property
    def stamps_off(self) -> timedelta:
        """How far what was created just now is stamped from the clock that answered."""
        if self.found or self.stamp is None:
            return timedelta(0)
        return self.stamp - self.at


@dataclass(frozen=True, slots=True)
class Refused:
    """A create that Creatio refuses for good."""

    reason: str


@dataclass(frozen=True, slots=True)
class Undecided:
    """A create that has to be tried again; `maybe_taken`: it may have worked."""

    reason: str
    maybe_taken: bool


@dataclass(frozen=True, slots=True)
class Written:
    """The outcome of a transcript: one entry per activity asked for, in order.

    `status` is the case's, read after the last one was created; None if it was not reached.
    """

    outcomes: tuple[Made | Refused | Undecided, ...]
    status: StatusId | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Changed:
    """A row that the sweep found: something about it changed at `modified_on` (UTC)."""

    record: UUID
    case: CaseId | None
    modified_on: datetime
    status: StatusId | None = None  # of a case


@dataclass(frozen=True, slots=True)
class Page:
    rows: tuple[Changed, ...]  # ordered by (ModifiedOn, Id)
    full: bool  # as many as were asked for: there may be more
    at: datetime  # the `Date` of the answer, UTC


@dataclass(frozen=True, slots=True)
class Listing:
    """All there is to see of some cases: their statuses, and whose each of their activities is."""

    statuses: Mapping[CaseId, StatusId]
    activities: Mapping[ActivityId, CaseId]
