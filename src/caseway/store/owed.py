"""What a conversation's rows alone say is owed."""

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import asyncpg

from caseway.domain.closure import Side
from caseway.domain.conversation import Ledger
from caseway.domain.ids import CaseId, RemoteContactId, StatusId
from caseway.domain.plan import Owed
from caseway.store import rows
from caseway.store.fences import where
from caseway.store.queries import load

if TYPE_CHECKING:
    from caseway.store.queries import Connection

SQL: Final = load("owed")


async def owed_by(
    connection: "Connection",
    ledger: Ledger,
    write: tuple[Side, StatusId] | None = None,
) -> Owed:
    key = where(ledger.key)
    unsettled = await SQL["unsettled"].fetch(connection, **key)
    own: list[asyncpg.Record] = []
    remote = None
    if ledger.owes_activities:
        own = await SQL["owed_own"].fetch(connection, **key)
        if ledger.case is None:
            case = await SQL["handed_over"].fetchval(connection, **key, ordinal=ledger.case_ordinal)
            ledger = replace(ledger, case=case and CaseId(case))
    if ledger.owes_activities or (ledger.wants_case and ledger.agreed is None):
        remote = await SQL["remote_contact"].fetchval(
            connection,
            organisation=ledger.key.organisation,
            connection=ledger.connection,
            contact=ledger.contact,
        )
    return Owed(
        ledger=ledger,
        own=tuple(rows.own(r) for r in own),
        deliveries=tuple(rows.delivery(r) for r in unsettled),
        write=write,
        remote_contact=remote and RemoteContactId(remote),
    )
