"""/inbox: what needs a person, then every conversation."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from caseway.domain.roles import Action
from caseway.ports.inbox import Counts, Needs
from caseway.web.creatio_links import case_page
from caseway.web.dashboard import live
from caseway.web.dashboard.channel_signs import sign_of
from caseway.web.dashboard.doors import Doors, Visitor
from caseway.web.dashboard.frame import draw
from caseway.web.dashboard.inbox_query import (
    DELIVERY_NAMES,
    OPEN,
    PATH,
    STATE_NAMES,
    Query,
)
from caseway.web.dashboard.masking import called, masked
from caseway.web.parts import Parts

A_PAGE: Final = 50
MOST_NEEDS: Final = 50
NEEDS_AT_ONCE: Final = 5  # the others are folded
LOOK_EVERY: Final = timedelta(seconds=2)
DONE: Final = {
    "retried": "Tried again. Its row below says what comes of it.",
    "gone": "It had been tried again already.",
}


class InboxPages:
    def __init__(self, parts: Parts, doors: Doors) -> None:
        self._inbox = parts.inbox
        self._doors = doors

    def routes(self) -> list[Route]:
        return [
            self._doors.door(PATH, self.list, Action.READ_CONVERSATIONS),
            self._doors.door("/live/inbox", self.live, Action.READ_CONVERSATIONS),
        ]

    async def list(self, request: Request, visitor: Visitor) -> Response:
        ours = visitor.organisation
        query = Query.of(request.query_params)
        token = await self._inbox.token(ours)  # before the rows: what changes meanwhile is told
        channels = await self._inbox.channels(ours)
        page = await self._inbox.page(ours, query.filters(channels), most=A_PAGE)
        counts = await self._inbox.counts(ours)
        needs = await self._inbox.needs(ours, most=MOST_NEEDS)
        return draw(
            request,
            visitor,
            "inbox.html",
            query=query,
            page=page,
            channels=channels,
            counts=_counted(counts),
            summary=_summary(counts, needs, is_down=request.state.glance.creatio.word == "down"),
            needs=needs.found,
            looked_through=needs.looked_through,
            shown_at_once=NEEDS_AT_ONCE,
            most_needs=MOST_NEEDS,
            token=token,
            states=STATE_NAMES,
            deliveries=DELIVERY_NAMES,
            done=DONE.get(request.query_params.get("done", ""), ""),
            is_empty=not page.rows and not query.is_narrowed and not query.before,
            never=not page.rows and not counts.open and query.state == OPEN,
            called=called,
            masked=masked,
            sign_of=sign_of,
            case_page=case_page,
        )

    async def live(self, request: Request, visitor: Visitor) -> Response:
        async def changed() -> str:
            return await self._inbox.token(visitor.organisation)

        return await live.stream(request, changed, LOOK_EVERY)


def _counted(counts: Counts) -> Mapping[str, str]:
    """By the state's word in the address; a count that was broken off says so."""
    numbers = {
        OPEN: counts.ai + counts.waiting + counts.human,
        "waiting": counts.waiting,
        "human": counts.human,
        "ai": counts.ai,
    }
    return {name: _number(many, counts.most) for name, many in numbers.items()}


def _summary(counts: Counts, needs: Needs, *, is_down: bool) -> str:
    """Where no conversation needs anybody."""
    calm = "No conversation needs you" if is_down else "Nothing needs you"
    if needs.looked_through is not None:
        calm = f"None of the newest {needs.looked_through:,} failures needs you"
    way = "on its way" if counts.under_way == 1 else "on their way"
    return (
        f"{calm}. {_number(counts.open, counts.most)} open, "
        f"{_number(counts.under_way, counts.most)} {way}."
    )


def _number(many: int, most: int) -> str:
    return f"{most:,}+" if many >= most else str(many)
