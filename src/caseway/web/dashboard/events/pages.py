"""/events: the list, one event, what is downloaded of it, and the stream that keeps it live."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from caseway.domain.adoption import Outcome
from caseway.domain.ids import ConnectionKey, EventId
from caseway.domain.roles import Action
from caseway.domain.sweeping import without_webhooks
from caseway.ports import NotConfigured, Noticed
from caseway.ports.event_log import EventFilter, EventPage, Place, WholeEvent
from caseway.web.api.cursors import moment_of, of_moment
from caseway.web.dashboard import live
from caseway.web.dashboard.doors import Doors, Visitor
from caseway.web.dashboard.events import export, strip, telling
from caseway.web.dashboard.events.filters import (
    SPANS,
    TYPES,
    WAYS,
    Asked,
    iso,
    parsed_search,
    said_of,
)
from caseway.web.dashboard.frame import draw
from caseway.web.parts import Parts
from caseway.web.problems import Problem

A_PAGE: Final = 50
MOST_ORDERS: Final = 5
LOOK_EVERY: Final = timedelta(seconds=2)
USUAL_SPAN: Final = "24h"
NOT_THERE: Final = "There is no event of this id. Events are kept for a while only."
DONE: Final = {
    "nothing": "Nothing was ordered: these events name no conversation of ours.",
    "not_running": "The replay had ended already.",
}


class EventsPages:
    def __init__(self, parts: Parts, doors: Doors) -> None:
        self._parts = parts
        self._log = parts.event_log
        self._doors = doors

    def routes(self) -> list[Route]:
        read, take = Action.READ_EVENTS, Action.EXPORT_EVENTS
        return [
            self._doors.door("/events", self.list, read),
            self._doors.door("/events/export.csv", self.as_csv, take),
            self._doors.door("/events/export.jsonl", self.as_json_lines, take),
            self._doors.door("/events/{id:uuid}", self.one, read),
            self._doors.door("/live/events", self.live, read),
            self._doors.door("/live/events/{id:uuid}", self.live_one, read),
        ]

    async def list(self, request: Request, visitor: Visitor) -> Response:
        query = request.query_params
        asked = Asked.of(query, visitor.zone)
        if "q" in query:
            return RedirectResponse(await self._found(query["q"], asked, visitor), 303)
        now = self._parts.now()
        cursor = query.get("before", "")
        page = await self._page(asked, visitor, now=now, cursor=cursor)
        looks = await self._log.looks_around(visitor.organisation, page.items)
        shown = await self._shown(query.get("show", ""), visitor)
        unread = await self._last_unread(asked, visitor, now)
        rows = [(e, telling.came_of(e, looks.get(e.id))) for e in page.items]
        return draw(
            request,
            visitor,
            "events/list.html",
            rows=rows,
            page=page,
            asked=asked,
            cursor=cursor,
            older=asked.path(before=of_moment(*page.next)) if page.next else "",
            newest=asked.path() if cursor else "",
            drawn=await self._strip(asked, visitor, now),
            kinds=strip.KINDS,
            unread=unread,
            meanwhile=await self._without_webhooks(unread, visitor) if unread else "",
            refused=await self._log.refused(visitor.organisation, now),
            token=await self._newest(visitor),
            orders=await self._parts.replays.under_way(visitor.organisation, MOST_ORDERS),
            spans=SPANS,
            types=TYPES,
            ways=WAYS,
            iso=iso,
            said_of=said_of,
            done=DONE.get(query.get("done", ""), ""),
            told=telling.whole(shown, now=now) if shown else None,
            next_order=uuid4(),
        )

    async def _page(
        self, asked: Asked, visitor: Visitor, *, now: datetime, cursor: str
    ) -> EventPage:
        return await self._log.page(
            visitor.organisation,
            asked.filter(now=now),
            before=moment_of(cursor) if cursor else None,
            limit=A_PAGE,
        )

    async def _strip(self, asked: Asked, visitor: Visitor, now: datetime) -> strip.Drawn:
        """Of the span that the list is about, or of the last day; of all events in it."""
        wanted = asked.filter(now=now)
        until = wanted.until or now
        since = wanted.since or until - SPANS[USUAL_SPAN][1]
        span = strip.span_of(since, until, now=now, zone=visitor.zone)
        counted = await self._log.strip(
            visitor.organisation, since=span.since, until=span.until, bar=span.bar
        )
        return strip.draw(span, counted)

    async def _last_unread(self, asked: Asked, visitor: Visitor, now: datetime) -> Noticed | None:
        """The newest call of the last day that nobody could read, unless a later one was fine."""
        if asked.outcome == Outcome.REJECTED:
            return None
        day = EventFilter(found_by="webhook", since=now - SPANS[USUAL_SPAN][1])
        rejected = replace(day, outcome=Outcome.REJECTED)
        ask = self._log.page
        found = (await ask(visitor.organisation, rejected, before=None, limit=1)).items
        if not found:
            return None
        same = replace(day, type=found[0].type, since=found[0].received_at)
        later = (await ask(visitor.organisation, same, before=None, limit=1)).items
        fine = later and later[0].outcome is not Outcome.REJECTED
        return None if fine else found[0]

    async def _without_webhooks(self, unread: Noticed, visitor: Visitor) -> str:
        key = ConnectionKey(visitor.organisation, unread.connection)
        try:
            connection = await self._parts.directory.connection(key)
        except NotConfigured:
            return "nothing comes of it: its connection was removed"
        return without_webhooks(connection.settings.sweeping)

    async def _found(self, text: str, asked: Asked, visitor: Visitor) -> str:
        """Where a search leads: to the event, or to the list of a conversation or a case."""
        kept = asked.without("conversation", "case", "number")
        sought = parsed_search(text)
        if not sought:
            return kept.path()
        if isinstance(sought, UUID):
            if await self._log.place(visitor.organisation, EventId(sought)) is not None:
                return f"/events/{sought}"
            return await self._of_case_or_conversation(sought, kept, visitor)
        found = await self._log.cases_numbered(visitor.organisation, sought)
        if len(found) != 1:
            return kept.path(number=sought)
        return kept.path(conversation=str(found[0]))

    async def _of_case_or_conversation(self, sought: UUID, kept: Asked, visitor: Visitor) -> str:
        trial = kept.without("outcome", "type", "by", "span", "since", "until")
        as_conversation = Asked(conversation=str(sought), connection=trial.connection)
        page = await self._log.page(
            visitor.organisation,
            as_conversation.filter(now=self._parts.now()),
            before=None,
            limit=1,
        )
        if page.items:
            return kept.path(conversation=str(sought))
        return kept.path(case=str(sought))

    async def one(self, request: Request, visitor: Visitor) -> Response:
        event = await self._event(EventId(request.path_params["id"]), visitor)
        return draw(
            request,
            visitor,
            "events/event.html",
            done=DONE.get(request.query_params.get("done", ""), ""),
            token=_standing(event),
            ways=WAYS,
            told=telling.whole(event, now=self._parts.now()),
            next_order=uuid4(),
        )

    async def _shown(self, text: str, visitor: Visitor) -> WholeEvent | None:
        if not text:
            return None
        try:
            return await self._event(EventId(UUID(text)), visitor)
        except ValueError:
            raise Problem(404, NOT_THERE) from None

    async def _event(self, id: EventId, visitor: Visitor) -> WholeEvent:
        event = await self._log.event(visitor.organisation, id)
        if event is None:
            raise Problem(404, NOT_THERE)
        return event

    async def live(self, request: Request, visitor: Visitor) -> Response:
        return await live.stream(request, lambda: self._newest(visitor), LOOK_EVERY)

    async def live_one(self, request: Request, visitor: Visitor) -> Response:
        id = EventId(request.path_params["id"])  # noqa: A001 - the field's word
        if await self._log.place(visitor.organisation, id) is None:
            raise Problem(404, NOT_THERE)

        async def standing() -> str:
            event = await self._log.event(visitor.organisation, id)
            return "gone" if event is None else _standing(event)

        return await live.stream(request, standing, LOOK_EVERY)

    async def _newest(self, visitor: Visitor) -> str:
        return str(await self._log.newest(visitor.organisation) or "none")

    async def as_csv(self, request: Request, visitor: Visitor) -> Response:
        return await self._export(
            request, visitor, export.as_csv, "text/csv; charset=utf-8", "csv", export.csv_head()
        )

    async def as_json_lines(self, request: Request, visitor: Visitor) -> Response:
        return await self._export(
            request, visitor, export.as_json_lines, "application/jsonl", "jsonl", b""
        )

    async def _export(
        self,
        request: Request,
        visitor: Visitor,
        write: export.Write,
        media_type: str,
        ending: str,
        head: bytes,
    ) -> Response:
        asked = Asked.of(request.query_params, visitor.zone)
        after = await self._after(request.query_params.get("after", ""), visitor)
        now = self._parts.now()
        wanted = asked.filter(now=now)

        async def parts() -> AsyncIterator[bytes]:
            if head and after is None:
                yield head
            async for part in export.rows(
                self._log, visitor.organisation, wanted, after=after, write=write
            ):
                yield part

        name = f"caseway-events-{now:%Y%m%d-%H%M%S}.{ending}"
        headers = {
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        }
        return StreamingResponse(parts(), media_type=media_type, headers=headers)

    async def _after(self, text: str, visitor: Visitor) -> Place | None:
        """The last event that was received whole, by its id: the file goes on behind it."""
        if not text:
            return None
        try:
            place = await self._log.place(visitor.organisation, EventId(UUID(text)))
        except ValueError:
            place = None
        if place is None:
            raise Problem(404, "after names no event that is kept: begin without it.")
        return place


def _standing(event: WholeEvent) -> str:
    """Another one whenever the page of one event would look different."""
    told = [
        str(len(event.ran)),
        str(len(event.replayed)),
        event.noticed.outcome.value,
        str(bool(event.stopped)),
    ]
    return "-".join([*told, *(f"{one.state}{one.attempts}" for one in event.brought)])
