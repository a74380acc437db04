"""Dead letters and stopped conversations: listed, and tried again on a person's word."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final
from uuid import UUID

import asyncpg

from caseway.domain.conversation import Hint
from caseway.domain.ids import ConversationId, ConversationKey, OrganisationId
from caseway.ports.retries import DeadLetter
from caseway.store.audit import BY_COMMAND, record_of
from caseway.store.marks import trigger
from caseway.store.queries import load
from caseway.store.transactions import transaction

if TYPE_CHECKING:
    from caseway.store.queries import Connection as Link

SQL: Final = load("replays")


class PostgresReplays:
    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    async def dead_letters(
        self, organisation: OrganisationId, *, conversation: ConversationId | None, limit: int
    ) -> Sequence[DeadLetter]:
        """Oldest first, at most `limit` of each kind."""
        where = {"organisation": organisation, "conversation": conversation, "limit": limit}
        async with transaction(self._pool, organisation) as link:
            parked = await SQL["parked"].fetch(link, **where)
            failed = await SQL["failed"].fetch(link, **where)
            refused = await SQL["refused"].fetch(link, **where)
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

    async def replay(
        self, key: ConversationKey, kind: str, id: UUID, *, actor: str = BY_COMMAND
    ) -> bool:
        where = {"organisation": key.organisation, "conversation": key.conversation}
        async with transaction(self._pool, key.organisation) as link:
            await SQL["lock"].execute(link, **where)  # as runs do, before its deliveries and links
            match kind:
                case "conversation":
                    done = await SQL["unpark"].fetchval(link, **where)
                case "delivery":
                    done = await SQL["owe_again"].fetchval(link, **where, delivery=id)
                case "activity":
                    done = await SQL["plan_again"].fetchval(link, **where, message=id)
                    if done:
                        await SQL["step_back"].execute(link, **where, message=id)
                case _:
                    raise AssertionError(kind)
            if not done:
                return False
            await self._trigger(link, key)
            await record_of(link, key, actor=actor, action="replayed", after={kind: str(id)})
        return True

    async def look_again(self, key: ConversationKey, *, actor: str = BY_COMMAND) -> bool:
        async with transaction(self._pool, key.organisation) as link:
            found = await self._trigger(link, key)
            if found:
                await record_of(link, key, actor=actor, action="looked at again")
        return found

    async def _trigger(self, link: "Link", key: ConversationKey) -> bool:
        return await trigger(link, key, Hint.ACTIVITIES | Hint.CASE)
