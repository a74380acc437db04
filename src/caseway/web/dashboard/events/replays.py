"""/events/replay: the dry run, the order, its progress, and how it is stopped."""

from datetime import datetime, timedelta, tzinfo
from typing import Final
from uuid import UUID, uuid4

from starlette.datastructures import ImmutableMultiDict
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from caseway.domain.ids import EventId
from caseway.domain.roles import Action
from caseway.domain.sweeping import midnight
from caseway.ports.replaying import Choice, Order, Ordered, OrderId, Weighed
from caseway.web.dashboard import live
from caseway.web.dashboard.doors import Doors, Visitor
from caseway.web.dashboard.events.filters import Asked, iso
from caseway.web.dashboard.frame import draw
from caseway.web.parts import Parts
from caseway.web.problems import Problem

MOST_PICKED: Final = 200
LOOK_EVERY: Final = timedelta(seconds=1)
NO_EVENT: Final = "There is no event of this id."
NO_ORDER: Final = "There is no replay of this id."


class ReplayPages:
    def __init__(self, parts: Parts, doors: Doors) -> None:
        self._now = parts.now
        self._log = parts.event_log
        self._replays = parts.replays
        self._doors = doors

    def routes(self) -> list[Route]:
        read, act = Action.READ_EVENTS, Action.REPLAY_EVENTS
        return [
            self._doors.door("/events/replay", self.weigh, act),
            self._doors.door("/events/replay", self.order, act, ("POST",)),
            self._doors.door("/events/{id:uuid}/replay", self.order_one, act, ("POST",)),
            self._doors.door("/events/replays/{id:uuid}", self.show, read),
            self._doors.door("/events/replays/{id:uuid}/stop", self.stop, act, ("POST",)),
            self._doors.door("/live/replays/{id:uuid}", self.live, read),
        ]

    async def weigh(self, request: Request, visitor: Visitor) -> Response:
        """The dry run: it changes nothing. Events that come from now on are not meant."""
        asked, picked = _asked(request.query_params, visitor.zone, now=self._now())
        weighed = await self._replays.weigh(visitor.organisation, _choice(asked, picked))
        return draw(
            request,
            visitor,
            "events/replay.html",
            weighed=weighed,
            sentence=sentence(weighed),
            about=_about(asked, picked, visitor.zone),
            asked=asked,
            picked=picked,
            next_order=uuid4(),
        )

    async def order(self, request: Request, visitor: Visitor) -> Response:
        async with request.form() as form:
            asked, picked = _asked(form, visitor.zone, now=self._now())
            order = _order_of(form)
        otherwise = asked.path(done="nothing")
        return await self._ordered(visitor, order, asked, picked, otherwise=otherwise)

    async def order_one(self, request: Request, visitor: Visitor) -> Response:
        id = EventId(request.path_params["id"])  # noqa: A001 - the field's word
        if await self._log.place(visitor.organisation, id) is None:
            raise Problem(404, NO_EVENT)
        async with request.form() as form:
            order = _order_of(form)
        otherwise = f"/events/{id}?done=nothing"
        return await self._ordered(visitor, order, Asked(), (id,), otherwise=otherwise)

    async def _ordered(
        self,
        visitor: Visitor,
        order: OrderId,
        asked: Asked,
        picked: tuple[EventId, ...],
        *,
        otherwise: str,
    ) -> Response:
        ordered = await self._replays.order(
            visitor.organisation,
            order,
            _choice(asked, picked),
            about=_about(asked, picked, visitor.zone),
            actor=visitor.actor,
        )
        there = f"/events/replays/{order}"
        ways = {
            Ordered.NOW: there,
            Ordered.BEFORE: f"{there}?ordered=before",
            Ordered.NOTHING: otherwise,
        }
        return RedirectResponse(ways[ordered], 303)

    async def _found(self, request: Request, visitor: Visitor) -> Order:
        order = OrderId(request.path_params["id"])
        found = await self._replays.standing(visitor.organisation, order)
        if found is None:
            raise Problem(404, NO_ORDER)
        return found

    async def show(self, request: Request, visitor: Visitor) -> Response:
        found = await self._found(request, visitor)
        token = await self._replays.token(visitor.organisation, found.id)
        tomorrow = midnight(self._now())  # Creatio's calls are counted anew
        return draw(
            request,
            visitor,
            "events/order.html",
            order=found,
            token=token,
            tomorrow=tomorrow,
            was_before=request.query_params.get("ordered") == "before",
        )

    async def stop(self, request: Request, visitor: Visitor) -> Response:
        found = await self._found(request, visitor)
        await self._replays.stop(visitor.organisation, found.id, actor=visitor.actor)
        return RedirectResponse(f"/events/replays/{found.id}", 303)

    async def live(self, request: Request, visitor: Visitor) -> Response:
        found = await self._found(request, visitor)
        return await live.stream(
            request, lambda: self._replays.token(visitor.organisation, found.id), LOOK_EVERY
        )


def sentence(weighed: Weighed) -> str:
    """As in "23 events, 9 conversations, 9 looks, about 18 calls, 0 to 2 messages to customers"."""
    looks = weighed.conversations - weighed.stopped
    messages = f"0 to {weighed.replies}" if weighed.replies else "0"
    return ", ".join(
        (
            _many(weighed.events, "event"),
            _many(weighed.conversations, "conversation"),
            _many(looks, "look"),
            f"about {_many(weighed.calls, 'call')}",
            f"{messages} {'message' if weighed.replies == 1 else 'messages'} to customers",
        )
    )


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _asked(
    given: "ImmutableMultiDict[str, object]", zone: tzinfo, *, now: datetime
) -> tuple[Asked, tuple[EventId, ...]]:
    """Raises `Problem`. A filter without an end ends now: what was weighed is what is replayed."""
    picked = _picked([str(each) for each in given.getlist("pick")])
    texts = {name: text for name, text in given.items() if isinstance(text, str)}
    asked = Asked() if picked else Asked.of(texts, zone)
    if not picked and not asked.until:
        wanted = asked.filter(now=now)
        since = iso(wanted.since) if wanted.since else ""
        moments = {"since": since, "until": iso(now)}
        asked = Asked.of({**dict(asked.without("span").pairs), **moments}, zone)
    return asked, picked


def _order_of(given: "ImmutableMultiDict[str, object]") -> OrderId:
    """The id that the form was drawn with: pressed twice, it leads to one order."""
    try:
        return OrderId(UUID(str(given.get("order", ""))))
    except ValueError:
        return OrderId(uuid4())


def _picked(texts: list[str]) -> tuple[EventId, ...]:
    if len(texts) > MOST_PICKED:
        raise Problem(400, f"At most {MOST_PICKED} events can be picked one by one.")
    try:
        return tuple(EventId(UUID(text)) for text in texts)
    except ValueError:
        raise Problem(400, "What was picked is no event's id.") from None


def _choice(asked: Asked, picked: tuple[EventId, ...]) -> Choice:
    if picked:
        return Choice(picked=picked)
    # Its span was replaced by moments, so the time of asking does not matter.
    until = datetime.fromisoformat(asked.until)
    return Choice(wanted=asked.filter(now=until))


def _about(asked: Asked, picked: tuple[EventId, ...], zone: tzinfo) -> str:
    if not picked:
        return asked.words(zone)
    return f"event {str(picked[0])[:6]}" if len(picked) == 1 else f"{len(picked)} picked events"
