"""What pages and the API read: an organisation's own rows, as records for people outside."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import asyncpg

from caseway.domain.conversation import Author, MessageKind, State
from caseway.domain.delivery import State as Debt
from caseway.domain.ids import (
    ActivityId,
    CaseId,
    ChannelId,
    ConversationId,
    ConversationKey,
    MessageId,
    OrganisationId,
)
from caseway.ports import Overview, Said, Story
from caseway.store import rows
from caseway.store import story as stories
from caseway.store.queries import load
from caseway.store.transactions import transaction

SQL: Final = load("reads")
END_OF_TIME: Final = (datetime(9999, 1, 1, tzinfo=UTC), UUID(int=2**128 - 1))


class PostgresReads:
    """Bound by the row-level policies: a query that forgot its organisation would see no other."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    async def conversation(self, key: ConversationKey) -> Overview | None:
        async with transaction(self._pool, key.organisation) as link:
            row = await SQL["conversation"].fetchrow(
                link, organisation=key.organisation, conversation=key.conversation
            )
        if row is None:
            return None
        return Overview(
            key=rows.key_of(row),
            state=State(row["state"]),
            channel=ChannelId(row["channel_id"]),
            channel_name=row["channel_name"],
            name=row["name"],
            email=row["email"],
            phone=row["phone"],
            case=None if row["case_id"] is None else CaseId(row["case_id"]),
            case_number=row["case_number"],
            pages_url=row["pages_url"],
            created_at=row["created_at"],
        )

    async def message(self, key: ConversationKey, message: MessageId) -> Said | None:
        async with transaction(self._pool, key.organisation) as link:
            row = await SQL["message"].fetchrow(
                link,
                organisation=key.organisation,
                conversation=key.conversation,
                message=message,
            )
        return None if row is None else said(row)

    async def messages(self, key: ConversationKey, *, after: int, limit: int) -> Sequence[Said]:
        async with transaction(self._pool, key.organisation) as link:
            found = await SQL["messages"].fetch(
                link,
                organisation=key.organisation,
                conversation=key.conversation,
                after=after,
                most=limit,
            )
        return [said(row) for row in found]

    async def channel_named(self, organisation: OrganisationId, name: str) -> ChannelId | None:
        async with transaction(self._pool, organisation) as link:
            found = await SQL["channel_named"].fetchval(link, organisation=organisation, name=name)
        return None if found is None else ChannelId(found)

    async def handed_off_since(self, key: ConversationKey, since: datetime) -> bool:
        async with transaction(self._pool, key.organisation) as link:
            return bool(
                await SQL["handed_off_since"].fetchval(
                    link,
                    organisation=key.organisation,
                    conversation=key.conversation,
                    since=since,
                )
            )

    async def story(self, organisation: OrganisationId, since: datetime) -> Story:
        return await stories.story(self._pool, organisation, since)


def said(row: asyncpg.Record) -> Said:
    return Said(
        id=MessageId(row["id"]),
        conversation=ConversationId(row["conversation_id"]),
        position=row["position"],
        author=Author(row["author"]),
        author_name=row["author_name"],
        kind=MessageKind(row["kind"]),
        text=row["text"],
        provider_id=row["provider_id"],
        written_at=row["written_at"],
        activity=None if row["activity_id"] is None else ActivityId(row["activity_id"]),
        delivery=None if row["delivery"] is None else Debt(row["delivery"]),
        attempts=row["attempts"] or 0,
        possible_double=bool(row["possible_double"]),
    )
