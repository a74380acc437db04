"""/settings/account: one's own password, sign-ins and theme."""

from math import ceil
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from caseway.domain.password import TooWeak, judge
from caseway.domain.roles import Action
from caseway.domain.secret import Secret
from caseway.web.dashboard.agents import told_agent
from caseway.web.dashboard.doors import Doors, Visitor, source_of
from caseway.web.dashboard.entrance import WAIT
from caseway.web.dashboard.frame import draw
from caseway.web.dashboard.passwords import Passwords
from caseway.web.parts import Parts
from caseway.web.problems import Problem

PATH: Final = "/settings/account"
THEMES: Final = {"system": "As the system", "light": "Light", "dark": "Dark"}
NOT_YOURS: Final = "This is not your password."
WITHOUT: Final = "You sign in without a password. An owner can make a link to choose one."
NO_SESSION: Final = "This sign-in is over already."
DONE: Final = {
    "password": "Your password is changed. Every other sign-in of yours is over.",
    "theme": "Your theme is kept.",
    "ended": "That sign-in is over.",
    "ended-others": "Every other sign-in of yours is over.",
}


class AccountPages:
    def __init__(self, parts: Parts, doors: Doors, passwords: Passwords) -> None:
        self._people = parts.people
        self._doors = doors
        self._passwords = passwords

    def routes(self) -> list[Route]:
        door, own, post = self._doors.door, Action.OWN_ACCOUNT, ("POST",)
        return [
            door(PATH, self.show, own),
            door(f"{PATH}/password", self.change_password, own, post),
            door(f"{PATH}/theme", self.change_theme, own, post),
            door(f"{PATH}/sessions/end-others", self.end_others, own, post),
            door(f"{PATH}/sessions/{{session:uuid}}/end", self.end, own, post),
        ]

    async def show(self, request: Request, visitor: Visitor) -> Response:
        return await self._page(request, visitor, {})

    async def _page(
        self, request: Request, visitor: Visitor, faults: dict[str, str], status: int = 200
    ) -> Response:
        known = await self._people.users.of_id(visitor.organisation, visitor.id)
        return draw(
            request,
            visitor,
            "account.html",
            status=status,
            sessions=await self._people.sessions.of(visitor.organisation, visitor.id),
            told_agent=told_agent,
            has_password=known is not None and known.password is not None,
            without=WITHOUT,
            faults=faults,
            themes=THEMES,
            done=DONE.get(request.query_params.get("done", ""), ""),
        )

    async def change_password(self, request: Request, visitor: Visitor) -> Response:
        form = await request.form()
        current, new = (Secret(str(form.get(name, ""))) for name in ("current", "password"))
        wait = await self._people.tries.take(visitor.email, source_of(request))
        if wait is not None:
            seconds = max(1, ceil(wait.total_seconds()))
            faults = {"current": WAIT.format(seconds=seconds)}
            return await self._page(request, visitor, faults, 429)
        known = await self._people.users.of_id(visitor.organisation, visitor.id)
        if not await self._passwords.fits(current, known.password if known else None):
            return await self._page(request, visitor, {"current": NOT_YOURS}, 422)
        await self._people.tries.succeeded(visitor.email, source_of(request))
        judged = judge(new.reveal(), email=visitor.email, name=visitor.name)
        if isinstance(judged, TooWeak):
            return await self._page(request, visitor, {"password": judged.words}, 422)
        await self._people.users.set_password(
            visitor.organisation,
            visitor.id,
            await self._passwords.hashed(new),
            actor=visitor.actor,
        )
        return await self._doors.let_in(
            request,
            visitor.organisation,
            visitor.id,
            email=visitor.email,
            onward=f"{PATH}?done=password",
        )

    async def change_theme(self, request: Request, visitor: Visitor) -> Response:
        theme = str((await request.form()).get("theme", ""))
        if theme not in THEMES:
            raise Problem(422, f"A theme is one of {', '.join(THEMES)}.")
        await self._people.users.set_theme(visitor.organisation, visitor.id, theme)
        if "text/html" not in request.headers.get("accept", ""):
            return Response(status_code=204)  # the switch that every page has
        return RedirectResponse(f"{PATH}?done=theme", 303)

    async def end(self, request: Request, visitor: Visitor) -> Response:
        session = request.path_params["session"]
        ended = await self._people.sessions.end(
            visitor.organisation, visitor.id, session, actor=visitor.actor
        )
        if not ended:
            raise Problem(404, NO_SESSION)
        return RedirectResponse(f"{PATH}?done=ended", 303)

    async def end_others(self, request: Request, visitor: Visitor) -> Response:
        del request
        await self._people.sessions.end_all(
            visitor.organisation, visitor.id, actor=visitor.actor, but=visitor.session
        )
        return RedirectResponse(f"{PATH}?done=ended-others", 303)
