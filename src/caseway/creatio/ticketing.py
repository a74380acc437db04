"""One connection's Creatio, as the rest of the house sees it: `ports.Ticketing` over OData."""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import msgspec

from caseway.creatio import contacts, transcript
from caseway.creatio.choices import choices
from caseway.creatio.circuit import Circuit
from caseway.creatio.creates import NewRow, create, look_up
from caseway.creatio.errors import Meaning
from caseway.creatio.line import AT_ONCE, AnswerTooLarge, Line, Reply, Request
from caseway.creatio.listing import listing
from caseway.creatio.mapping import (
    ActivityRow,
    CaseRow,
    ChangedRow,
    StatusRow,
    activity,
    case_body,
    changed_activity,
    changed_case,
    contact_body,
    status,
    status_body,
)
from caseway.creatio.odata import (
    CHEAPEST,
    IDS_AT_ONCE,
    STATUSES,
    Rows,
    activities_of,
    case_by_id,
    changed,
    marked,
    newest_activities,
    rows,
)
from caseway.creatio.platform import platform
from caseway.domain.connection import Connection, Platform
from caseway.domain.ids import NOBODY, ActivityId, CaseId, RemoteContactId, StatusId
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
from caseway.outbound import Outside
from caseway.ports import CALL_TIMEOUT, CallCounter, Choice, Later, Never, Pick

STATUSES_FRESH_SECONDS: Final = 600.0
STATUSES_RETRY_SECONDS: Final = 60.0  # a status that we do not know makes us ask again
PAGE: Final = 200
PAGES_AT_MOST: Final = 50
SWEEP_LIMIT_BYTES: Final = 32 * 1024 * 1024
_ACTIVITIES: Final = msgspec.json.Decoder(Rows[ActivityRow])
_CASES: Final = msgspec.json.Decoder(Rows[CaseRow])
_STATUSES: Final = msgspec.json.Decoder(Rows[StatusRow])
_CHANGED: Final = msgspec.json.Decoder(Rows[ChangedRow])


class CreatioTicketing:
    """Lives as long as one version of a connection's configuration; safe to use concurrently.

    `on_closed` is told when an instance that was down answers again, `on_well` at its first
    answer as well.
    """

    def __init__(
        self,
        connection: Connection,
        outside: Outside,
        counter: CallCounter,
        *,
        on_closed: Callable[[], None] = lambda: None,
        on_well: Callable[[], None] = lambda: None,
        monotonic: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
        timeout: timedelta = CALL_TIMEOUT,
        at_once: int = AT_ONCE,
    ) -> None:
        self._line = Line(
            connection,
            outside,
            counter,
            monotonic=monotonic,
            chance=chance,
            on_closed=on_closed,
            on_well=on_well,
            timeout=timeout,
            at_once=at_once,
        )
        self._settings = connection.settings
        self._monotonic = monotonic
        self._statuses: dict[StatusId, Status] = {}
        self._statuses_at = float("-inf")

    @property
    def circuit(self) -> Circuit:
        return self._line.circuit

    @property
    def answers(self) -> bool:
        """Creatio has, and nothing failed since."""
        return self._line.answers

    @property
    def found_platform(self) -> Platform | None:
        prefix = self._line.known_prefix
        return None if prefix is None else platform(prefix)

    async def platform(self) -> Platform:
        """The runtime, asked for unless it was configured."""
        return platform(await self._line.prefix(until=self._line.deadline()))

    async def choices(self, pick: Pick) -> tuple[Choice, ...]:
        """For the settings page."""
        return await choices(self._line, pick, until=self._line.deadline())

    async def look(self, case: CaseId, *, since: datetime | None, case_first: bool) -> Look:
        until = self._line.deadline()
        alone = None
        if case_first:
            alone = await self._case(case, since, until)
            if alone.status is None or not await self._is_resolved(alone.status, until):
                return alone
        found = await self._activities(case, since, until)
        if found is not None and found.status is not None:
            return found
        if alone is None:
            alone = await self._case(case, since, until)
            if alone.status is not None and await self._is_resolved(alone.status, until):
                # Closed since we asked: a reply written before the closure belongs to this look.
                found = await self._activities(case, since, until)
        return replace(alone, activities=found.activities if found else (), case_only=False)

    async def _case(self, case: CaseId, since: datetime | None, until: float) -> Look:
        reply = await self._line.good(Request("case", case_by_id(case)), until=until)
        found = rows(_CASES, reply.answer)
        if not found:
            return Look(None, (), reply.at, since, gone=True, case_only=True)
        return Look(
            StatusId(found[0].status_id or NOBODY),
            (),
            reply.at,
            since,
            case_only=True,
            number=found[0].number or "",
        )

    async def _activities(self, case: CaseId, since: datetime | None, until: float) -> Look | None:
        """None if there is no row. The status is the first page's: no later row escapes it."""
        found: dict[ActivityId, Activity] = {}
        first: Reply | None = None
        of_case: CaseRow | None = None
        begin, top = since, PAGE
        marked_by = self._settings.reply_rule.internal_column
        for _ in range(PAGES_AT_MOST):
            query = activities_of(case, begin, top, marked_by)
            try:
                reply = await self._line.good(Request("look", query), until=until)
            except AnswerTooLarge as too_large:
                if top == 1:
                    raise Never(f"one activity alone is too large: {too_large}") from None
                top = max(1, top // 8)
                continue
            page = rows(_ACTIVITIES, reply.answer)
            if first is None:
                first, of_case = reply, page[0].case if page else None
            known = len(found)
            marks = marked(reply.answer, marked_by)
            read = [activity(row, is_marked=row.id in marks) for row in page]
            found |= {one.id: one for one in read}
            if len(page) < top:
                break
            if len(found) == known:
                top *= 2  # more rows with one stamp than a page holds
            begin = activity(page[-1]).modified_on
        else:
            raise Later("the case has more activities than one look reads", maybe_taken=False)
        if not found or first is None:
            return None
        return Look(
            StatusId(of_case.status_id) if of_case and of_case.status_id else None,
            tuple(found.values()),
            first.at,
            since,
            number=(of_case.number or "") if of_case else "",
        )

    async def _is_resolved(self, id: StatusId, until: float) -> bool:
        listed = self._settings.resolved_statuses
        if id in listed or id == self._settings.resolved_status:
            return True
        known = await self._known_statuses(until, wanted=id)
        return not listed and id in known and known[id].flagged

    async def case_status(self, case: CaseId) -> StatusId | None:
        return (await self._case(case, None, self._line.deadline())).status

    async def statuses(self) -> dict[StatusId, Status]:
        return dict(await self._known_statuses(self._line.deadline()))

    async def _known_statuses(
        self, until: float, *, wanted: StatusId | None = None
    ) -> dict[StatusId, Status]:
        """Yesterday's are better than none: a failure to refresh is not one of the caller's."""
        age = self._monotonic() - self._statuses_at
        unknown = wanted is not None and wanted not in self._statuses
        if age < (STATUSES_RETRY_SECONDS if unknown else STATUSES_FRESH_SECONDS):
            return self._statuses
        try:
            reply = await self._line.good(Request("statuses", STATUSES), until=until)
            found = rows(_STATUSES, reply.answer)
        except (Later, Never):
            if not self._statuses:
                raise
            return self._statuses
        self._statuses = {StatusId(row.id): status(row) for row in found}
        self._statuses_at = self._monotonic()
        return self._statuses

    async def create_case(self, case: NewCase) -> Made:
        new = NewRow("Case", case.id, case_body(case))
        return await create(self._line, new, kind="create_case", until=self._line.deadline())

    async def create_activities(self, case: CaseId, activities: Sequence[NewActivity]) -> Written:
        until = self._line.deadline()
        return await transcript.write(self._line, case, activities, until=until)

    async def write_status(self, case: CaseId, status: StatusId) -> None:
        until = self._line.deadline()
        request = Request(
            "status",
            f"/odata/Case({case})",
            "PATCH",
            status_body(status),
            empty_is_good=True,
        )
        reply = await self._line.ask(request, until=until)
        if reply.verdict.meaning is Meaning.GOOD:
            return
        if reply.answer.status == 404 and (await self._case(case, None, until)).gone:
            raise Never("the case does not exist in Creatio any more")
        raise reply.verdict.failure

    async def find_contacts(self, *, email: str, phone: str) -> Sequence[RemoteContactId]:
        until = self._line.deadline()
        return await contacts.find(self._line, email=email, phone=phone, until=until)

    async def create_contact(self, contact: NewContact) -> Made:
        new = NewRow("Contact", contact.id, contact_body(contact))
        return await create(self._line, new, kind="create_contact", until=self._line.deadline())

    async def changed_activities(self, since: datetime, limit: int) -> Page:
        reply, found = await self._changed("Activity", since, limit)
        page = sorted(map(changed_activity, found), key=lambda c: (c.modified_on, c.record))
        return Page(tuple(page), len(found) >= limit, reply.at)

    async def changed_cases(self, since: datetime, limit: int) -> Page:
        reply, found = await self._changed("Case", since, limit)
        page = sorted(map(changed_case, found), key=lambda c: (c.modified_on, c.record))
        return Page(tuple(page), len(found) >= limit, reply.at)

    async def _changed(
        self, collection: str, since: datetime, limit: int
    ) -> tuple[Reply, list[ChangedRow]]:
        request = Request("sweep", changed(collection, since, limit))
        reply = await self._line.good(
            request, until=self._line.deadline(), limit_bytes=SWEEP_LIMIT_BYTES
        )
        return reply, rows(_CHANGED, reply.answer)

    async def listing(self, cases: Sequence[CaseId]) -> Listing:
        return await listing(self._line, cases, until=self._line.deadline())

    async def time(self) -> datetime:
        request = Request("time", CHEAPEST)
        return (await self._line.good(request, until=self._line.deadline())).at

    async def newest_activities(
        self, cases: Sequence[CaseId], limit: int, *, marked_by: str
    ) -> Sequence[Activity]:
        until = self._line.deadline()
        found: list[Activity] = []
        for begin in range(0, len(cases), IDS_AT_ONCE):
            query = newest_activities(cases[begin : begin + IDS_AT_ONCE], limit, marked_by)
            reply = await self._line.good(Request("preview", query), until=until)
            marks = marked(reply.answer, marked_by)
            page = rows(_ACTIVITIES, reply.answer)
            found += [activity(row, is_marked=row.id in marks) for row in page]
        found.sort(key=lambda one: (one.created_on, one.id), reverse=True)
        return found[:limit]

    async def existing(self, activities: Sequence[ActivityId]) -> frozenset[ActivityId]:
        until = self._line.deadline()
        found = await look_up(self._line, "Activity", activities, until=until)
        return frozenset(ActivityId(one) for one in found)
