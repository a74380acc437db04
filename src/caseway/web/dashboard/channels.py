"""Settings → Channels: the ways to customers, and how each fares."""

from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from caseway.domain.connection import ChannelSettings, Connection
from caseway.domain.roles import Action
from caseway.ports import Refused
from caseway.web.dashboard import channel_forms as forms
from caseway.web.dashboard.channel import PATH, show_secret
from caseway.web.dashboard.doors import Doors, Visitor
from caseway.web.dashboard.frame import draw
from caseway.web.parts import Parts
from caseway.web.problems import Problem

DONE: Final = {
    "removed": "The channel is removed. Its conversations stay, readable.",
}
NO_KIND: Final = "There is no such kind of channel to add."


class ChannelsPages:
    def __init__(self, parts: Parts, doors: Doors) -> None:
        self._parts = parts
        self._book = parts.channel_book
        self._doors = doors

    def routes(self) -> list[Route]:
        door = self._doors.door
        return [
            door(PATH, self.show, Action.READ_SETTINGS),
            door(PATH + "/new/{kind}", self.blank, Action.CHANGE_SETTINGS),
            door(PATH + "/new/{kind}", self.add, Action.CHANGE_SETTINGS, ("POST",)),
        ]

    async def show(self, request: Request, visitor: Visitor) -> Response:
        return draw(
            request,
            visitor,
            "channels.html",
            found=await self._book.all(visitor.organisation),
            done=DONE.get(request.query_params.get("done", ""), ""),
        )

    async def blank(self, request: Request, visitor: Visitor) -> Response:
        typed = forms.shown("", ChannelSettings())
        return await self._form(request, visitor, _kind(request), typed)

    async def add(self, request: Request, visitor: Visitor) -> Response:
        kind, form = _kind(request), await request.form()
        typed = await forms.read(kind, form, ChannelSettings(), self._parts.callbacks, is_new=True)
        connections = await self._connections(visitor)
        chosen = str(form.get("connection", ""))
        connection = next((one for one in connections if str(one.id) == chosen), None)
        if connection is None and len(connections) == 1:
            connection = connections[0]
        if typed.faults or connection is None:
            return await self._form(request, visitor, kind, typed, status=422)
        try:
            made = await self._book.add(
                visitor.organisation,
                connection.id,
                kind,
                typed.name,
                typed.settings,
                actor=visitor.actor,
            )
        except Refused:
            taken = f"There is a channel {typed.name} already: choose another name."
            return await self._form(request, visitor, kind, typed, status=422, taken=taken)
        if kind == forms.API:
            return await show_secret(self._parts, request, visitor, made)
        return RedirectResponse(f"{PATH}/{made.id}?done=added", 303)

    async def _connections(self, visitor: Visitor) -> list[Connection]:
        return list(await self._parts.rules.connections(visitor.organisation))

    async def _form(
        self,
        request: Request,
        visitor: Visitor,
        kind: str,
        typed: forms.Typed,
        *,
        status: int = 200,
        taken: str = "",
    ) -> Response:
        faults = dict(typed.faults) | ({"name": taken} if taken else {})
        connections = await self._connections(visitor)
        return draw(
            request,
            visitor,
            "channel_new.html",
            status=status,
            kind=kind,
            typed=typed,
            faults=faults,
            connections=[(str(one.id), one.name) for one in connections],
        )


def _kind(request: Request) -> str:
    kind = str(request.path_params["kind"])
    if kind not in forms.KINDS:
        raise Problem(404, NO_KIND)
    return kind
