"""What Caseway noticed, planned and did lately, from the rows that say so."""

from datetime import datetime
from typing import Final

import asyncpg
import msgspec

from caseway.domain.ids import ConversationId, OrganisationId
from caseway.ports import Happened, JournalLine, Ran, Story
from caseway.store.queries import load
from caseway.store.transactions import transaction

SQL: Final = load("story")
MOST: Final = 60


async def story(
    pool: "asyncpg.Pool[asyncpg.Record]", organisation: OrganisationId, since: datetime
) -> Story:
    """The newest of each kind."""
    asked = {"organisation": organisation, "since": since, "most": MOST}
    async with transaction(pool, organisation) as link:
        events = await SQL["events"].fetch(link, **asked)
        messages = await SQL["messages"].fetch(link, **asked)
        runs = await SQL["runs"].fetch(link, **asked)
        tour = await SQL["tour"].fetchrow(link, organisation=organisation)
    happened = [*map(event, events), *map(message, messages)]
    return Story(
        happened=tuple(sorted(happened, key=lambda one: one.at)),
        ran=tuple(ran(row) for row in reversed(runs)),
        wrote=tour is not None and tour["wrote"],
        case_opened=tour is not None and tour["case_opened"],
        answered=tour is not None and tour["answered"],
        arrived=tour is not None and tour["arrived"],
        resolved=tour is not None and tour["resolved"],
    )


def event(row: asyncpg.Record) -> Happened:
    conversation = row["conversation_id"]
    return Happened(
        id=row["id"],
        conversation=None if conversation is None else ConversationId(conversation),
        at=row["at"],
        kind=row["found_by"],
        about=row["event_type"],
        outcome=row["outcome"],
        reason=row["reason"],
    )


def message(row: asyncpg.Record) -> Happened:
    return Happened(
        id=row["id"],
        conversation=ConversationId(row["conversation_id"]),
        at=row["at"],
        kind="customer",
        about=row["text"],
        outcome="",
        reason="",
    )


def replay(row: asyncpg.Record) -> Happened:
    return Happened(
        id=row["id"],
        conversation=ConversationId(row["conversation_id"]),
        at=row["at"],
        kind="replay",
        about=f"{row['ordered_by']} replayed {row['about']}",
        outcome="",
        reason="",
    )


def ran(row: asyncpg.Record) -> Ran:
    return Ran(
        id=row["id"],
        conversation=ConversationId(row["conversation_id"]),
        begun_at=row["begun_at"],
        ended_at=row["ended_at"],
        lines=tuple(msgspec.json.decode(row["steps"], type=list[JournalLine])),
    )
