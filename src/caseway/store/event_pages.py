"""Pages of the event log: each costs the same, wherever it begins and whatever it leaves out."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import asyncpg

from caseway.domain.adoption import Outcome
from caseway.domain.ids import CaseId, ConnectionId, ConversationId, EventId, OrganisationId
from caseway.ports import Noticed
from caseway.ports.event_log import EventFilter, EventPage, Place
from caseway.store.queries import Connection as Link
from caseway.store.queries import load
from caseway.store.reads import END_OF_TIME

SQL: Final = load("event_log")
REACH: Final = 10_000  # events that one search reads at most
BEGINNING: Final = datetime(2000, 1, 1, tzinfo=UTC)


async def read_page(
    link: Link,
    organisation: OrganisationId,
    wanted: EventFilter,
    *,
    before: Place | None,
    limit: int,
    reach: int = REACH,
) -> EventPage:
    """One page of what is wanted, from whichever index leads there."""
    last = before or END_OF_TIME
    if wanted.until is not None:
        last = min(last, (max(wanted.until, BEGINNING), UUID(int=0)))
    asked: dict[str, object] = {
        "organisation": organisation,
        "since": min(max(wanted.since or BEGINNING, BEGINNING), END_OF_TIME[0]),
        "before": last[0],
        "before_id": last[1],
        "reach": reach,
        "outcome": wanted.outcome or "",
        "type": wanted.type,
        "found_by": wanted.found_by,
        "connection": wanted.connection,
        "case": wanted.case,
        "most": limit + 1,
    }
    if wanted.conversation is not None:
        conversations = [wanted.conversation]
    elif wanted.case is not None:
        conversations = await _having(link, organisation, wanted.case)
    elif wanted.number:
        conversations = await numbered(link, organisation, wanted.number)
        if not conversations:
            return EventPage((), None)
    else:
        return await _page(link, asked, limit, reach)
    if not conversations:  # a case that is not ours: its events were ignored
        asked["outcome"] = wanted.outcome or Outcome.IGNORED
        return await _page(link, asked, limit, reach)
    pages = [await _page(link, asked, limit, reach, one) for one in conversations]
    return _merged(pages, limit)


async def _having(link: Link, organisation: OrganisationId, case: CaseId) -> list[ConversationId]:
    found = await SQL["having_case"].fetch(link, organisation=organisation, cases=[case])
    return [ConversationId(row["conversation_id"]) for row in found]


async def numbered(link: Link, organisation: OrganisationId, number: str) -> list[ConversationId]:
    """Whose case has this number, or had it."""
    found = await SQL["numbered"].fetch(link, organisation=organisation, number=number)
    return [ConversationId(row["id"]) for row in found]


async def _page(
    link: Link,
    asked: Mapping[str, object],
    limit: int,
    reach: int,
    conversation: ConversationId | None = None,
) -> EventPage:
    if conversation is not None:
        found = await SQL["by_conversation"].fetch(link, **asked, conversation=conversation)
    elif asked["outcome"] in {"", Outcome.ACCEPTED}:
        found = await SQL["by_time"].fetch(link, **asked)
    else:
        found = await SQL["by_outcome"].fetch(link, **asked)
    items = tuple(noticed_of(row) for row in found if row["wanted"])
    if len(items) > limit:
        return EventPage(items[:limit], place_of(items[limit - 1]))
    if found and found[-1]["nth"] == reach:
        end = found[-1]
        return EventPage(items, (end["received_at"], end["id"]), searched_to=end["received_at"])
    return EventPage(items, None)


def _merged(pages: Sequence[EventPage], limit: int) -> EventPage:
    """Several ways side by side: good as far as the one that ended first."""
    ends = [page.next for page in pages if page.next is not None]
    end = max(ends) if ends else None
    items = {e.id: e for page in pages for e in page.items if end is None or place_of(e) >= end}
    ordered = sorted(items.values(), key=place_of, reverse=True)
    if len(ordered) > limit:
        return EventPage(tuple(ordered[:limit]), place_of(ordered[limit - 1]))
    short = end is not None and not any(place_of(e) == end for e in ordered)
    return EventPage(tuple(ordered), end, searched_to=end[0] if end and short else None)


def place_of(event: Noticed) -> Place:
    return event.received_at, event.id


def noticed_of(row: asyncpg.Record) -> Noticed:
    return Noticed(
        id=EventId(row["id"]),
        received_at=row["received_at"],
        found_by=row["found_by"],
        type=row["event_type"],
        case=None if row["case_id"] is None else CaseId(row["case_id"]),
        conversation=(
            None if row["conversation_id"] is None else ConversationId(row["conversation_id"])
        ),
        outcome=Outcome(row["outcome"]),
        reason=row["reason"],
        connection=ConnectionId(row["connection_id"]),
        case_number=row["case_number"] or "",
    )
