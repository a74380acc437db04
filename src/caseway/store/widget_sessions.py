"""The widget's visitors: their sessions, and what they may see of their conversations."""

import hmac
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import asyncpg

from caseway.domain.conversation import Author, State
from caseway.domain.delivery import TRANSITIONS, Event
from caseway.domain.delivery import State as Debt
from caseway.domain.ids import ChannelId, ConversationId, MessageId, OrganisationId
from caseway.ports import Line, Transcript, Visitor
from caseway.store.queries import load
from caseway.store.transactions import transaction

if TYPE_CHECKING:
    from caseway.store.queries import Connection as Link

SQL: Final = load("widget_sessions")
EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
LINES: Final = 200  # of each conversation
CONVERSATIONS: Final = 10
LIVE_CONVERSATIONS: Final = 3  # a late reply may still reach one that was resolved
CONFIRMABLE: Final = [
    before
    for before, moves in TRANSITIONS.items()
    if moves.get(Event.CONFIRMED) is Debt.DELIVERED and before is not Debt.DELIVERED
]


class PostgresWidgetSessions:
    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    async def organisation_of(self, channel: ChannelId) -> OrganisationId | None:
        found = await SQL["organisation_of"].fetchval(self._pool, channel=channel)
        return None if found is None else OrganisationId(found)

    async def open(self, visitor: Visitor, digest: bytes) -> None:
        async with transaction(self._pool, visitor.organisation) as link:
            await SQL["open"].execute(
                link,
                **_peer(visitor),
                session=visitor.session,
                digest=digest,
                identified=visitor.identified,
                name=visitor.name,
                email=visitor.email,
            )

    async def holder(self, channel: ChannelId, session: str, digest: bytes) -> Visitor | None:
        found = await SQL["find"].fetchrow(self._pool, session=session)
        if found is None or not hmac.compare_digest(found["digest"], digest):
            return None
        if found["channel_id"] != channel:
            return None
        organisation = OrganisationId(found["organisation_id"])
        async with transaction(self._pool, organisation) as link:
            row = await SQL["details"].fetchrow(
                link, organisation=organisation, channel=channel, session=session
            )
        if row is None:
            return None
        return Visitor(
            organisation=organisation,
            channel=channel,
            session=session,
            peer=found["peer"],
            identified=row["identified"],
            name=row["name"],
            email=row["email"],
        )

    async def transcript(self, visitor: Visitor, *, since: datetime | None) -> Transcript:
        async with transaction(self._pool, visitor.organisation) as link:
            many = CONVERSATIONS if since is None else LIVE_CONVERSATIONS
            found = await self._conversations(link, visitor, many)
            ids = [row["id"] for row in found]
            lines = await SQL["lines"].fetch(
                link,
                organisation=visitor.organisation,
                conversations=ids,
                since=since or EVER,
                most=LINES,
            )
        return Transcript(
            state=State(found[0]["state"]) if found else None,
            lines=tuple(_line(row) for row in lines),
            conversations=tuple(ConversationId(each) for each in ids[:LIVE_CONVERSATIONS]),
        )

    async def line(self, visitor: Visitor, client_id: str) -> Line | None:
        async with transaction(self._pool, visitor.organisation) as link:
            row = await SQL["line"].fetchrow(link, **_peer(visitor), client_id=client_id)
        return None if row is None else _line(row)

    async def is_open(self, visitor: Visitor) -> bool:
        async with transaction(self._pool, visitor.organisation) as link:
            return bool(await SQL["is_open"].fetchval(link, **_peer(visitor)))

    async def acknowledge(self, visitor: Visitor, through: datetime) -> None:
        async with transaction(self._pool, visitor.organisation) as link:
            found = await self._conversations(link, visitor, LIVE_CONVERSATIONS)
            await SQL["acknowledge"].execute(
                link,
                organisation=visitor.organisation,
                conversations=[row["id"] for row in found],
                through=through,
                confirmable=CONFIRMABLE,
                becomes=Debt.DELIVERED,
                most=LINES,
            )

    async def _conversations(
        self, link: "Link", visitor: Visitor, many: int
    ) -> list[asyncpg.Record]:
        return await SQL["conversations"].fetch(link, **_peer(visitor), most=many)


def _peer(visitor: Visitor) -> dict[str, object]:
    return {
        "organisation": visitor.organisation,
        "channel": visitor.channel,
        "peer": visitor.peer,
    }


def _line(row: asyncpg.Record) -> Line:
    author = Author(row["author"])
    return Line(
        id=MessageId(row["id"]),
        author=author,
        author_name=row["author_name"],
        text=row["text"],
        written_at=row["written_at"],
        shown_at=row["shown_at"],
        client_id=row["provider_id"] if author is Author.CONTACT else "",
    )
