"""The event log as people read it: pages that cost the same wherever they begin."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import asyncpg
import msgspec

from caseway.domain.adoption import Outcome
from caseway.domain.delivery import State as Debt
from caseway.domain.ids import ConversationId, EventId, OrganisationId
from caseway.ports import JournalLine, Noticed, Ran
from caseway.ports.event_log import (
    Around,
    Brought,
    Counted,
    EventFilter,
    EventPage,
    Exported,
    Place,
    Refused,
    Replayed,
    Strip,
    TokenStanding,
    WholeEvent,
)
from caseway.store.event_pages import REACH, noticed_of, numbered, read_page
from caseway.store.queries import Connection as Link
from caseway.store.queries import load
from caseway.store.transactions import transaction

SQL: Final = load("event_log")
BECAUSE: Final = timedelta(hours=1)  # a look that begins later had other reasons
LATELY: Final = timedelta(seconds=15)  # a look this long before may have read what an event tells
MOST_LOOKS: Final = 6
MOST_BROUGHT: Final = 20
MOST_REFUSED: Final = 20
MOST_UNCOUNTED: Final = 20_000
HOUR: Final = timedelta(hours=1)


class PostgresEventLog:
    """Bound by the row-level policies."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", *, reach: int = REACH) -> None:
        self._pool = pool
        self._reach = reach

    async def page(
        self,
        organisation: OrganisationId,
        wanted: EventFilter,
        *,
        before: Place | None,
        limit: int,
    ) -> EventPage:
        async with transaction(self._pool, organisation) as link:
            return await read_page(
                link, organisation, wanted, before=before, limit=limit, reach=self._reach
            )

    async def looks_around(
        self, organisation: OrganisationId, events: Sequence[Noticed]
    ) -> dict[EventId, Around]:
        asked = [e for e in events if e.conversation is not None]
        if not asked:
            return {}
        async with transaction(self._pool, organisation) as link:
            return await _around(link, organisation, asked)

    async def event(self, organisation: OrganisationId, event: EventId) -> WholeEvent | None:
        async with transaction(self._pool, organisation) as link:
            row = await SQL["whole"].fetchrow(link, organisation=organisation, event=event)
            if row is None:
                return None
            noticed, before, answered = noticed_of(row), None, None
            if noticed.conversation is not None:
                around = (await _around(link, organisation, [noticed]))[noticed.id]
                before, answered = around.before, around.after
            ran = await self._looks_after(link, organisation, row, answered)
            brought = await self._brought(link, organisation, row, ran)
            replayed = await SQL["replayed"].fetch(
                link,
                organisation=organisation,
                conversation=noticed.conversation,
                received=noticed.received_at,
                most=MOST_LOOKS,
            )
            if before is not None and not brought and answered and answered.adds_nothing_to(before):
                brought = await self._brought(link, organisation, row, (before,))
        return WholeEvent(
            noticed=noticed,
            connection_name=row["connection_name"],
            source=row["source"],
            token=_token(row),
            body=row["body"],
            customer=row["customer"],
            stopped=row["stopped"],
            waits_until=row["due_at"],
            ran=ran,
            brought=brought,
            before=before,
            replayed=tuple(Replayed(r["id"], r["ordered_by"], r["marked_at"]) for r in replayed),
        )

    async def _looks_after(
        self,
        link: Link,
        organisation: OrganisationId,
        row: asyncpg.Record,
        answered: Ran | None,
    ) -> tuple[Ran, ...]:
        """The first ones, and that which Creatio answered, though many were in vain before it."""
        if row["conversation_id"] is None:
            return ()
        found = await SQL["looks_after"].fetch(
            link,
            organisation=organisation,
            conversation=row["conversation_id"],
            received=row["received_at"],
            within=BECAUSE,
            most=MOST_LOOKS,
        )
        ran = tuple(_ran(one) for one in found)
        if answered is None or answered.id in {one.id for one in ran}:
            return ran
        return (*ran, answered)

    async def _brought(
        self,
        link: Link,
        organisation: OrganisationId,
        row: asyncpg.Record,
        ran: tuple[Ran, ...],
    ) -> tuple[Brought, ...]:
        if not ran:
            return ()
        found = await SQL["brought"].fetch(
            link,
            organisation=organisation,
            conversation=row["conversation_id"],
            since=ran[0].begun_at,
            until=_that_read(ran).ended_at,
            most=MOST_BROUGHT,
        )
        return tuple(_brought(one) for one in found)

    async def place(self, organisation: OrganisationId, event: EventId) -> Place | None:
        async with transaction(self._pool, organisation) as link:
            row = await SQL["place"].fetchrow(link, organisation=organisation, event=event)
        return None if row is None else (row["received_at"], row["id"])

    async def newest(self, organisation: OrganisationId) -> EventId | None:
        async with transaction(self._pool, organisation) as link:
            found = await SQL["newest"].fetchval(link, organisation=organisation)
        return None if found is None else EventId(found)

    async def cases_numbered(
        self, organisation: OrganisationId, number: str
    ) -> Sequence[ConversationId]:
        async with transaction(self._pool, organisation) as link:
            return await numbered(link, organisation, number)

    async def export(
        self,
        organisation: OrganisationId,
        wanted: EventFilter,
        *,
        before: Place | None,
        limit: int,
    ) -> tuple[Sequence[Exported], Place | None]:
        async with transaction(self._pool, organisation) as link:
            page = await read_page(
                link, organisation, wanted, before=before, limit=limit, reach=self._reach
            )
            found = await SQL["bodies"].fetch(
                link,
                organisation=organisation,
                times=[e.received_at for e in page.items],
                ids=[e.id for e in page.items],
            )
        # One that a retention took meanwhile is left out.
        told = [
            Exported(page.items[row["ord"] - 1], row["source"], row["token_name"], row["body"])
            for row in found
        ]
        return told, page.next

    async def strip(
        self, organisation: OrganisationId, *, since: datetime, until: datetime, bar: timedelta
    ) -> Strip:
        """Bars of an hour or more are added up from hours; their span begins with one."""
        span = {"organisation": organisation, "since": since, "until": until, "bar": bar}
        async with transaction(self._pool, organisation) as link:
            through = await SQL["counted_through"].fetchval(link)
            whole = await SQL["counted"].fetch(link, **span, per="minute" if bar < HOUR else "hour")
            rest = await SQL["not_yet_counted"].fetch(
                link, **span, through=through, most=MOST_UNCOUNTED
            )
        sums: dict[tuple[datetime, Outcome], int] = {}
        for row in (*whole, *rest):
            key = row["at"], Outcome(row["outcome"])
            sums[key] = sums.get(key, 0) + row["events"]
        cut = sum(row["events"] for row in rest) >= MOST_UNCOUNTED
        counts = tuple(Counted(at, outcome, many) for (at, outcome), many in sorted(sums.items()))
        return Strip(counts, through if cut else until)

    async def refused(self, organisation: OrganisationId, since: datetime) -> Sequence[Refused]:
        async with transaction(self._pool, organisation) as link:
            found = await SQL["refused"].fetch(
                link, organisation=organisation, since=since.date(), most=MOST_REFUSED
            )
        return [Refused(r["public_name"], r["source"], r["calls"], r["known"]) for r in found]


def _that_read(ran: Sequence[Ran]) -> Ran:
    """The first look that Creatio answered: what came before it was only tried."""
    for look in ran:
        if look.was_answered:
            return look
    return ran[0]


async def _around(
    link: Link, organisation: OrganisationId, events: Sequence[Noticed]
) -> dict[EventId, Around]:
    found = await SQL["looks_around"].fetch(
        link,
        organisation=organisation,
        conversations=[e.conversation for e in events],
        received=[e.received_at for e in events],
        within=BECAUSE,
        lately=LATELY,
    )
    near = {(events[row["ord"] - 1].id, row["place"]): _ran(row) for row in found}
    return {
        e.id: Around(
            near.get((e.id, "before")), near.get((e.id, "answered"), near.get((e.id, "after")))
        )
        for e in events
    }


def _ran(row: asyncpg.Record) -> Ran:
    return Ran(
        id=row["id"],
        conversation=ConversationId(row["conversation_id"]),
        begun_at=row["begun_at"],
        ended_at=row["ended_at"],
        lines=tuple(msgspec.json.decode(row["steps"], type=list[JournalLine])),
    )


def _token(row: asyncpg.Record) -> TokenStanding | None:
    if row["token_created_at"] is None:
        return None
    return TokenStanding(
        public_name=row["token_name"],
        created_at=row["token_created_at"],
        expires_at=row["token_expires_at"],
        revoked_at=row["token_revoked_at"],
    )


def _brought(row: asyncpg.Record) -> Brought:
    return Brought(
        conversation=ConversationId(row["conversation_id"]),
        author_name=row["author_name"],
        channel_name=row["channel_name"],
        state=None if row["state"] is None else Debt(row["state"]),
        reason=row["reason"] or "",
        attempts=row["attempts"] or 0,
        possible_double=bool(row["possible_double"]),
        kept_at=row["kept_at"],
        settled_at=row["settled_at"],
    )
