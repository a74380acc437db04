"""How a conversation stands by its rows: what is owed, what is due when, what was done."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import asyncpg

from caseway.domain.ids import ConversationId, ConversationKey, OrganisationId, RemoteContactId
from caseway.domain.plan import Owed
from caseway.domain.standing import Standing
from caseway.ports import Ran
from caseway.store import rows
from caseway.store.queries import load
from caseway.store.story import ran
from caseway.store.transactions import moment, transaction

SQL: Final = load("standing")
OWED: Final = load("owed")


class PostgresStandings:
    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    async def find(self, organisation: OrganisationId, name: str) -> ConversationKey | None:
        """By the conversation's id or by its case's number."""
        try:
            key = ConversationKey(organisation, ConversationId(UUID(name)))
        except ValueError:
            async with transaction(self._pool, organisation) as link:
                row = await SQL["by_case"].fetchrow(
                    link, organisation=organisation, case_number=name
                )
            return None if row is None else rows.key_of(row)
        return key

    async def standing(self, key: ConversationKey) -> Standing | None:
        where = {"organisation": key.organisation, "conversation": key.conversation}
        async with moment(self._pool, key.organisation) as link:
            row = await SQL["conversation"].fetchrow(link, **where)
            if row is None:
                return None
            ledger = rows.ledger(row)
            own = await OWED["owed_own"].fetch(link, **where)
            unsettled = await OWED["unsettled"].fetch(link, **where)
            remote = await OWED["remote_contact"].fetchval(
                link,
                organisation=key.organisation,
                connection=ledger.connection,
                contact=ledger.contact,
            )
        return Standing(
            owed=Owed(
                ledger=ledger,
                own=tuple(rows.own(r) for r in own),
                deliveries=tuple(rows.delivery(r) for r in unsettled),
                write=None,
                remote_contact=remote and RemoteContactId(remote),
            ),
            due_at=row["due_at"],
            lease_until=row["lease_until"],
            starts=row["starts"],
            hints=row["hints"] | row["hints_taken"],
            claim_waits=row["claim_event"] is not None,
            parked_reason=row["parked_reason"],
        )

    async def last_runs(self, key: ConversationKey, *, most: int) -> Sequence[Ran]:
        """The journal, newest first."""
        async with transaction(self._pool, key.organisation) as link:
            last = await SQL["last_runs"].fetch(
                link, organisation=key.organisation, conversation=key.conversation, limit=most
            )
        return [ran(row) for row in last]
