"""How a conversation stands: what is owed by its rows, what is due when, what was done."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg
import msgspec

from caseway.domain.ids import ConversationId, ConversationKey, OrganisationId, RemoteContactId
from caseway.domain.plan import Owed
from caseway.ports import JournalLine
from caseway.store import rows
from caseway.store.queries import load

SQL: Final = load("standing")
LOOKS: Final = load("looks")
STEPS: Final = msgspec.json.Decoder(list[JournalLine])


@dataclass(frozen=True, slots=True)
class Run:
    begun_at: datetime
    ended_at: datetime
    steps: Sequence[JournalLine]


@dataclass(frozen=True, slots=True)
class Standing:
    """`owed.write` is unknown here: a status to be written follows from the next look alone."""

    owed: Owed
    due_at: datetime | None
    lease_until: datetime | None
    starts: int
    hints: int
    claim_waits: bool  # a case_closed is still to be judged
    parked_reason: str | None
    runs: Sequence[Run]


class PostgresStandings:
    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    async def find(self, organisation: OrganisationId, name: str) -> ConversationKey | None:
        """By the conversation's id or by its case's number."""
        try:
            key = ConversationKey(organisation, ConversationId(UUID(name)))
        except ValueError:
            row = await SQL["by_case"].fetchrow(
                self._pool, organisation=organisation, case_number=name
            )
            return None if row is None else rows.key_of(row)
        return key

    async def standing(self, key: ConversationKey, *, runs: int) -> Standing | None:
        """One moment of all its rows; None: the organisation has no such conversation."""
        where = {"organisation": key.organisation, "conversation": key.conversation}
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            row = await SQL["conversation"].fetchrow(connection, **where)
            if row is None:
                return None
            ledger = rows.ledger(row)
            own = await LOOKS["owed_own"].fetch(connection, **where)
            unsettled = await LOOKS["unsettled"].fetch(connection, **where)
            remote = await LOOKS["remote_contact"].fetchval(
                connection,
                organisation=key.organisation,
                connection=ledger.connection,
                contact=ledger.contact,
            )
            last = await SQL["last_runs"].fetch(connection, **where, limit=runs)
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
            runs=[Run(r["begun_at"], r["ended_at"], STEPS.decode(r["steps"])) for r in last],
        )
