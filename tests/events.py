"""Rows of the event log, written at once: what a test of its pages begins with."""

from datetime import datetime
from uuid import UUID, uuid4

import asyncpg

from caseway.domain.ids import ConnectionId, EventId, OrganisationId


async def keep(
    owner: "asyncpg.Pool[asyncpg.Record]",
    organisation: OrganisationId,
    connection: ConnectionId,
    *,
    at: datetime,
    outcome: str = "accepted",
    type: str = "new_activity",
    found_by: str = "webhook",
    case: UUID | None = None,
    conversation: UUID | None = None,
    reason: str = "",
    body: bytes = b"{}",
    token_name: str = "",
    source: str = "198.51.100.24",
) -> EventId:
    event = EventId(uuid4())
    await owner.execute(
        """INSERT INTO webhook_event (organisation_id, id, connection_id, received_at, found_by,
               token_name, source, event_type, case_id, conversation_id, outcome, reason, body)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)""",
        organisation,
        event,
        connection,
        at,
        found_by,
        token_name,
        source,
        type,
        case,
        conversation,
        outcome,
        reason,
        body,
    )
    return event
