"""Dead letters and stopped conversations: listed, and tried again on a person's word."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg

from caseway.domain.conversation import Hint
from caseway.domain.ids import ConversationId, ConversationKey, OrganisationId
from caseway.store.queries import load
from caseway.store.queue import enqueue

SQL: Final = load("replays")
MARK: Final = load("looks")["mark"]


@dataclass(frozen=True, slots=True)
class DeadLetter:
    kind: str  # conversation, delivery or activity
    id: UUID  # the conversation's, the delivery's, the message's
    conversation: ConversationId
    reason: str
    since: datetime


class PostgresReplays:
    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    async def dead_letters(
        self, organisation: OrganisationId, *, conversation: ConversationId | None, limit: int
    ) -> Sequence[DeadLetter]:
        """Oldest first, at most `limit` of each kind."""
        where = {"organisation": organisation, "conversation": conversation, "limit": limit}
        parked = await SQL["parked"].fetch(self._pool, **where)
        failed = await SQL["failed"].fetch(self._pool, **where)
        refused = await SQL["refused"].fetch(self._pool, **where)
        found = [
            DeadLetter(
                "conversation",
                r["id"],
                ConversationId(r["id"]),
                r["parked_reason"],
                r["parked_at"],
            )
            for r in parked
        ]
        found += [
            DeadLetter(
                "delivery",
                r["id"],
                ConversationId(r["conversation_id"]),
                r["reason"],
                r["settled_at"],
            )
            for r in failed
        ]
        found += [
            DeadLetter(
                "activity",
                r["message_id"],
                ConversationId(r["conversation_id"]),
                r["refusal"],
                r["refused_at"],
            )
            for r in refused
        ]
        return sorted(found, key=lambda letter: letter.since)

    async def replay(self, organisation: OrganisationId, letter: DeadLetter) -> bool:
        """Owed again, marked, a job: one commit. False if it is no dead letter any more."""
        async with self._pool.acquire() as connection, connection.transaction():
            key = ConversationKey(organisation, letter.conversation)
            match letter.kind:
                case "conversation":
                    done = await SQL["unpark"].fetchval(
                        connection, organisation=organisation, conversation=letter.conversation
                    )
                case "delivery":
                    done = await SQL["owe_again"].fetchval(
                        connection, organisation=organisation, delivery=letter.id
                    )
                case _:
                    done = await SQL["plan_again"].fetchval(
                        connection, organisation=organisation, message=letter.id
                    )
                    if done:
                        await SQL["step_back"].execute(
                            connection,
                            organisation=organisation,
                            conversation=letter.conversation,
                            message=letter.id,
                        )
            if not done:
                return False
            await self._trigger(connection, key)
        return True

    async def look_again(self, key: ConversationKey) -> bool:
        """A trigger by hand: both sides are compared once more. False: no such conversation."""
        async with self._pool.acquire() as connection, connection.transaction():
            return await self._trigger(connection, key)

    async def _trigger(
        self,
        connection: "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]",
        key: ConversationKey,
    ) -> bool:
        fresh = await MARK.fetchval(
            connection,
            organisation=key.organisation,
            conversation=key.conversation,
            hints=Hint.ACTIVITIES | Hint.CASE,
        )
        if fresh:
            await enqueue(connection, key)
        return fresh is not None
