"""/api/v1/events: what Creatio told us, or a sweep found, and what came of it."""

from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from caseway.domain.adoption import Outcome
from caseway.domain.ids import CaseId, ConversationId
from caseway.ports.event_log import EventFilter
from caseway.ports.reads import FoundBy
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
    found_by: FoundBy | None = None,
    conversation: UUID | None = None,
    case: UUID | None = None,
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
    cursor: Annotated[str, Query(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> EventsOut:
    """A search reads only so far at a time: a page may hold fewer than `limit`, and even none,
    while `next` leads on.
    """
    page = await parts.event_log.page(
        caller,
        EventFilter(
            outcome=outcome,
            type=type or "",
            found_by=found_by or "",
            conversation=None if conversation is None else ConversationId(conversation),
            case=None if case is None else CaseId(case),
            since=since,
            until=until,
        ),
        before=cursors.moment_of(cursor) if cursor else None,
        limit=limit,
    )
    return EventsOut(
        items=[EventOut.of(noticed) for noticed in page.items],
        next=None if page.next is None else cursors.of_moment(*page.next),
    )
