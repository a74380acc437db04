"""/api/v1/events: what Creatio told us, or a sweep found, and what came of it."""

from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Query

from caseway.domain.adoption import Outcome
from caseway.domain.ids import ConversationId
from caseway.web.api import cursors
from caseway.web.api.conversations import Using
from caseway.web.api.keys import Reader
from caseway.web.api.models import EventOut, EventsOut
from caseway.web.api.refusals import refusals

routes: Final = APIRouter(prefix="/api/v1/events", tags=["Events"])


@routes.get("", responses=refusals(400, 401, 403, 503), summary="Events, the newest first")
async def events(
    caller: Reader,
    parts: Using,
    type: Literal["new_activity", "case_closed", "case_updated"] | None = None,
    outcome: Outcome | None = None,
    conversation: UUID | None = None,
    cursor: Annotated[str, Query(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> EventsOut:
    found = await parts.reads.events(
        caller,
        type=type or "",
        outcome=outcome or "",
        conversation=None if conversation is None else ConversationId(conversation),
        before=cursors.moment_of(cursor) if cursor else None,
        limit=limit + 1,
    )
    more = None
    if len(found) > limit:
        last = found[limit - 1]
        more = cursors.of_moment(last.received_at, last.id)
    return EventsOut(items=[EventOut.of(noticed) for noticed in found[:limit]], next=more)
