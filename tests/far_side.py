"""The far sides of our ports, in memory: a Creatio and a customer's postbox that fail on request.

Stand-ins for what is beyond the doors, never for anything of ours. `FarCreatio` passes the same
contract suite as the real client.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from caseway.domain import stock
from caseway.domain.connection import ChannelAccount
from caseway.domain.delivery import Event, Kind
from caseway.domain.ids import (
    NOBODY,
    ActivityId,
    CaseId,
    DeliveryId,
    RemoteContactId,
    StatusId,
)
from caseway.domain.remote import (
    Activity,
    Changed,
    Listing,
    Look,
    Made,
    NewActivity,
    NewCase,
    NewContact,
    Page,
    Refused,
    Status,
    Undecided,
    Written,
)
from caseway.ports import Choice, Later, Never, Outgoing, Pick

NEW = StatusId(UUID("ae5f2f10-f46b-1410-fd9a-0050ba5d6c38"))
IN_PROGRESS = StatusId(UUID("7e9f1204-f46b-1410-fb9a-0050ba5d6c38"))
RESOLVED = StatusId(stock.STATUS_RESOLVED)
CLOSED = StatusId(UUID("3e7f420c-f46b-1410-fc9a-0050ba5d6c38"))
REOPENED = StatusId(stock.STATUS_REOPENED)
AGENT = UUID("410006e1-ca4e-4502-a9ec-e54d922d2c00")
OUR_USER = UUID("00000000-0000-4000-8000-00000000c0de")

STATUSES = {
    status.id: status
    for status in (
        Status(NEW, "New", False, False, False),
        Status(IN_PROGRESS, "In progress", False, False, False),
        Status(RESOLVED, "Resolved", True, False, False),
        Status(CLOSED, "Closed", False, True, False),
        Status(REOPENED, "Reopened", False, False, False),
    )
}


class Died(BaseException):
    """Our process is gone: not an Exception, so that no clean-up of ours survives it."""


async def open_gate() -> None:
    """Nothing stalls here."""


@dataclass
class Case:
    id: CaseId
    number: str
    status: StatusId
    modified_on: datetime
    subject: str = ""
    description: str = ""


@dataclass
class FarCreatio:
    """Keeps cases and activities; `fate` decides how each call ends.

    ok; busy, down (not now); refused (for good); lost before, lost after (timed out, the latter once it worked);
    die before, die after (our process ends); stall before, stall after: the caller waits at
    `gate`, and then the call has timed out, or is answered after all.
    """

    fate: Callable[[str], str] = lambda _kind: "ok"
    gate: Callable[[], Awaitable[None]] = open_gate
    cases: dict[CaseId, Case] = field(default_factory=dict)
    activities: dict[ActivityId, Activity] = field(default_factory=dict)
    hidden: set[ActivityId] = field(default_factory=set)  # committed late: not yet visible
    contacts: dict[RemoteContactId, NewContact] = field(default_factory=dict)
    shift: timedelta = timedelta(0)
    stamps_off: timedelta = timedelta(0)  # local time labelled as UTC: what rows are stamped with
    calls: list[str] = field(default_factory=list)
    stood_open: set[ActivityId] = field(default_factory=set)  # inside an open case, ever
    read_first: dict[ActivityId, int] = field(default_factory=dict)  # by the number of the call
    visible_from: dict[ActivityId, int] = field(default_factory=dict)
    _last: datetime = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        """Creatio's clock: never the same stamp twice unless asked for."""
        self._last = max(self._last + timedelta(microseconds=1), datetime.now(tz=UTC) + self.shift)
        return self._last

    def stamp(self) -> datetime:
        return self.now() + self.stamps_off

    async def _call(self, kind: str) -> str:
        self.calls.append(kind)
        fate = self.fate(kind)
        if fate == "busy":
            raise Later("Creatio answered 429", maybe_taken=False)
        if fate == "down":
            raise Later("Creatio cannot be reached", maybe_taken=False)
        if fate == "refused":
            raise Never("Creatio answered 400")
        if fate == "die before":
            raise Died
        if fate == "stall before":
            await self.gate()
        if fate in {"lost before", "stall before"}:
            raise Later("timed out", maybe_taken=True)
        return fate

    async def _after(self, fate: str) -> None:
        if fate == "die after":
            raise Died
        if fate == "stall after":
            await self.gate()
        if fate == "lost after":
            raise Later("timed out", maybe_taken=True)

    # what we ask of it

    async def look(self, case: CaseId, *, since: datetime | None, case_first: bool) -> Look:
        fate = await self._call("look")
        seen = self._seen(case, since=since, case_first=case_first)
        await self._after(fate)
        return seen

    def _seen(self, case: CaseId, *, since: datetime | None, case_first: bool) -> Look:
        found = self.cases.get(case)
        if found is None:
            return Look(None, (), self.now(), since=since, gone=True)
        if case_first and not STATUSES[found.status].flagged:
            return Look(found.status, (), self.now(), case_only=True, number=found.number)
        rows = tuple(
            a
            for a in self.activities.values()
            if a.case == case
            and a.id not in self.hidden
            and (since is None or a.modified_on >= since)
        )
        for row in rows:
            self.read_first.setdefault(row.id, len(self.calls))
        return Look(found.status, rows, self.now(), since=since, number=found.number)

    async def case_status(self, case: CaseId) -> StatusId | None:
        fate = await self._call("status")
        found = self.cases.get(case)
        await self._after(fate)
        return found.status if found else None

    async def statuses(self) -> dict[StatusId, Status]:
        return STATUSES

    async def create_case(self, case: NewCase) -> Made:
        fate = await self._call("create case")
        if case.id not in self.cases:
            number = f"SR{len(self.cases) + 1:08}"
            self.cases[case.id] = Case(
                case.id, number, NEW, self.stamp(), case.subject, case.description
            )
        await self._after(fate)
        return Made(self.now(), number=self.cases[case.id].number)

    async def create_activities(self, case: CaseId, activities: Sequence[NewActivity]) -> Written:
        outcomes: list[Made | Refused | Undecided] = []
        for new in activities:
            if any(isinstance(o, Undecided) for o in outcomes):
                outcomes.append(Undecided("an earlier one is undecided", maybe_taken=False))
                continue
            try:
                fate = await self._call("create activity")
                known = new.id in self.activities
                made = self._keep(case, new)
                await self._after(fate)
                outcomes.append(Made(self.now(), stamp=made.created_on, found=known))
            except Later as failure:
                outcomes.append(Undecided(str(failure), failure.maybe_taken))
            except Never as failure:
                outcomes.append(Refused(str(failure)))
        whole = isinstance(outcomes[-1], Made) or not any(
            isinstance(o, Undecided) for o in outcomes
        )
        return Written(tuple(outcomes), self.cases[case].status if whole else None, self.now())

    def _keep(self, case: CaseId, new: NewActivity) -> Activity:
        if new.id in self.activities:
            return self.activities[new.id]
        at = self.stamp()
        self.activities[new.id] = _activity(new.id, case, at, new.title, new.text, OUR_USER)
        self.visible_from[new.id] = len(self.calls)
        self._stand(case)
        return self.activities[new.id]

    def _stand(self, case: CaseId) -> None:
        if not STATUSES[self.cases[case].status].flagged:
            self.stood_open |= {a.id for a in self.activities.values() if a.case == case}

    async def write_status(self, case: CaseId, status: StatusId) -> None:
        fate = await self._call("write status")
        self.set_status(case, status)
        await self._after(fate)

    async def find_contacts(self, *, email: str, phone: str) -> Sequence[RemoteContactId]:
        await self._after(await self._call("find contact"))
        return [i for i, c in self.contacts.items() if email and c.email == email] or [
            i for i, c in self.contacts.items() if phone and c.phone == phone
        ]

    async def create_contact(self, contact: NewContact) -> Made:
        fate = await self._call("create contact")
        self.contacts.setdefault(contact.id, contact)
        await self._after(fate)
        return Made(self.now())

    async def changed_activities(self, since: datetime, limit: int) -> Page:
        await self._after(await self._call("sweep"))
        visible = [a for a in self.activities.values() if a.id not in self.hidden]
        rows = [Changed(a.id, a.case, a.modified_on) for a in visible if a.modified_on >= since]
        return self._page(rows, limit)

    async def changed_cases(self, since: datetime, limit: int) -> Page:
        await self._after(await self._call("sweep"))
        rows = [
            Changed(c.id, c.id, c.modified_on, c.status)
            for c in self.cases.values()
            if c.modified_on >= since
        ]
        return self._page(rows, limit)

    def _page(self, rows: list[Changed], limit: int) -> Page:
        rows.sort(key=lambda r: (r.modified_on, r.record))
        return Page(tuple(rows[:limit]), len(rows) >= limit, datetime.now(tz=UTC) + self.shift)

    async def listing(self, cases: Sequence[CaseId]) -> Listing:
        await self._after(await self._call("listing"))
        return Listing(
            {case: self.cases[case].status for case in cases if case in self.cases},
            {
                a.id: a.case
                for a in self.activities.values()
                if a.case is not None and a.case in cases and a.id not in self.hidden
            },
        )

    async def time(self) -> datetime:
        await self._after(await self._call("time"))
        return self.now()

    async def newest_activities(
        self, cases: Sequence[CaseId], limit: int, *, marked_by: str
    ) -> Sequence[Activity]:
        del marked_by  # what is marked here says so itself
        await self._after(await self._call("preview"))
        found = [a for a in self.activities.values() if a.case in cases]
        return sorted(found, key=lambda a: a.created_on, reverse=True)[:limit]

    async def choices(self, pick: Pick) -> Sequence[Choice]:
        await self._after(await self._call("choices"))
        named = {
            Pick.TYPE: stock.TYPE_NAMES,
            Pick.CATEGORY: {stock.TO_DO: "To do"},
            Pick.OWNER: {AGENT: "Clara Brandt"},
        }
        found = [Choice(one, name) for one, name in named.get(pick, {}).items()]
        return sorted(found, key=lambda choice: choice.name)

    async def existing(self, activities: Sequence[ActivityId]) -> frozenset[ActivityId]:
        return frozenset(a for a in activities if a in self.activities)

    # what people do there

    def agent_replies(
        self, case: CaseId, text: str, *, at: datetime | None = None, visible: bool = True
    ) -> ActivityId:
        new = ActivityId(uuid4())
        stamp = at or self.stamp()
        self.activities[new] = replace(
            _activity(new, case, stamp, "Reply", text, AGENT), author_name="Clara Brandt"
        )
        if visible:
            self.visible_from[new] = len(self.calls)
        else:
            self.hidden.add(new)
        return new

    def appears(self, activity: ActivityId) -> None:
        """The transaction that wrote it commits at last."""
        self.hidden.discard(activity)
        self.visible_from[activity] = len(self.calls)

    def set_status(self, case: CaseId, status: StatusId) -> None:
        self.cases[case] = replace(self.cases[case], status=status, modified_on=self.stamp())
        self._stand(case)


def _activity(
    id: ActivityId, case: CaseId, at: datetime, title: str, text: str, author: UUID
) -> Activity:
    return Activity(
        id=id,
        case=case,
        created_on=at,
        modified_on=at,
        type_id=stock.TASK,
        category_id=stock.TO_DO,
        status_id=stock.COMPLETED,
        message_type_id=NOBODY,
        send_status_id=NOBODY,
        author_id=author,
        owner_id=author,
        created_by_id=author,
        title=title,
        body="",
        detailed_result=text,
        notes="",
        sender="",
        recipients="",
        is_html=False,
        is_auto_submitted=False,
    )


@dataclass
class Postbox:
    """The customer's side of a channel."""

    kind: str = "api"
    repeats_recognised: bool = True
    fate: Callable[[], str] = lambda: "ok"
    gate: Callable[[], Awaitable[None]] = open_gate
    received: list[tuple[str, str, bool]] = field(default_factory=list)  # address, text, marked
    arrived: set[DeliveryId] = field(default_factory=set)

    def recognises_repeats(self, account: ChannelAccount) -> bool:  # noqa: ARG002 - the port's
        return self.repeats_recognised

    async def send(self, account: ChannelAccount, outgoing: Outgoing) -> Event:  # noqa: ARG002
        fate = self.fate()
        if fate == "busy":
            raise Later("the channel answered 429", maybe_taken=False)
        if fate == "die before":
            raise Died
        if fate == "never":
            raise Never("no such customer")
        if fate == "stall before":
            await self.gate()
        if fate in {"lost before", "stall before"}:
            raise Later("timed out", maybe_taken=True)
        if not (self.repeats_recognised and outgoing.id in self.arrived):
            words = outgoing.text if outgoing.kind is Kind.MESSAGE else "(resolved)"
            self.received.append((outgoing.address, words, outgoing.possible_double))
        self.arrived.add(outgoing.id)
        if fate == "die after":
            raise Died
        if fate == "stall after":
            await self.gate()
        if fate == "lost after":
            raise Later("timed out", maybe_taken=True)
        return Event.CONFIRMED
