"""/settings/team: who signs in, as what, and how others join."""

from typing import Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from caseway.domain.roles import MAY, MAY_INVITE, Action, Role
from caseway.domain.secret import Secret
from caseway.ports import AddressTaken, LastOwner
from caseway.web.dashboard.doors import Doors, Visitor
from caseway.web.dashboard.frame import draw
from caseway.web.dashboard.welcome import is_email
from caseway.web.parts import Parts
from caseway.web.problems import Problem

PATH: Final = "/settings/team"
ONE: Final = f"{PATH}/{{user:uuid}}"
NOBODY: Final = "There is nobody of this id."
NO_LINK: Final = "This link was used or revoked already."
NO_ROLE: Final = "A role is one of owner, admin, agent and viewer."
NO_EMAIL: Final = "An email address, for example ines@example.com."
MEANINGS: Final = {
    Role.OWNER: "All of it, roles and sign-ins of others too.",
    Role.ADMIN: "All but the roles and sign-ins of others.",
    Role.AGENT: "Reads conversations; hands off, resolves, retries.",
    Role.VIEWER: "Reads conversations and events, changes nothing.",
}
DONE: Final = {
    "role": "The role is changed. They sign in again.",
    "disabled": "They cannot sign in any more, and every sign-in of theirs is over.",
    "enabled": "They can sign in again.",
    "ended": "Every sign-in of theirs is over.",
    "revoked": "The link does not work any more.",
}


class TeamPages:
    def __init__(self, parts: Parts, doors: Doors) -> None:
        self._people = parts.people
        self._doors = doors
        self._public_url = parts.public_url

    def routes(self) -> list[Route]:
        door, post = self._doors.door, ("POST",)
        return [
            door(PATH, self.show, Action.READ_TEAM),
            door(f"{PATH}/invitations", self.invite, Action.INVITE, post),
            door(f"{PATH}/invitations/{{link:uuid}}/revoke", self.revoke, Action.INVITE, post),
            door(f"{ONE}/role", self.change_role, Action.MANAGE_TEAM, post),
            door(f"{ONE}/disable", self.disable, Action.MANAGE_TEAM, post),
            door(f"{ONE}/enable", self.enable, Action.MANAGE_TEAM, post),
            door(f"{ONE}/end-sessions", self.end_sessions, Action.MANAGE_TEAM, post),
            door(f"{ONE}/reset", self.reset, Action.MANAGE_TEAM, post),
        ]

    async def show(self, request: Request, visitor: Visitor) -> Response:
        return await self._page(request, visitor)

    async def _page(
        self,
        request: Request,
        visitor: Visitor,
        *,
        faults: dict[str, str] | None = None,
        email: str = "",
        role: str = Role.AGENT,
        link: Secret | None = None,
        about: str = "",
    ) -> Response:
        """`link` is shown this once; `about` says what it is for."""
        organisation = visitor.organisation
        return draw(
            request,
            visitor,
            "team.html",
            status=422 if faults else 200,
            people=await self._people.users.list(organisation),
            links=await self._people.invitations.list(organisation),
            manages=visitor.may(Action.MANAGE_TEAM),
            may_make=[each for each in Role if each in MAY_INVITE[visitor.role]],
            roles=list(Role),
            meanings=MEANINGS,
            actions=list(Action),
            may=MAY,
            faults=faults or {},
            email=email,
            role=role,
            link=f"{self._public_url}/welcome/{link.reveal()}" if link else "",
            about=about,
            done=DONE.get(request.query_params.get("done", ""), ""),
        )

    async def invite(self, request: Request, visitor: Visitor) -> Response:
        form = await request.form()
        email = str(form.get("email", "")).strip().lower()
        wanted = str(form.get("role", ""))
        if not is_email(email) or wanted not in set(Role):
            faults = {"email": NO_EMAIL} if not is_email(email) else {"role": NO_ROLE}
            return await self._page(request, visitor, faults=faults, email=email, role=wanted)
        role = Role(wanted)
        await self._may_make(request, visitor, role)
        try:
            link = await self._people.invitations.invite(
                visitor.organisation, email=email, role=role, actor=visitor.actor
            )
        except AddressTaken as taken:
            faults = {"email": str(taken)}
            return await self._page(request, visitor, faults=faults, email=email, role=role)
        about = f"{email} joins as {role} by this link."
        return await self._page(request, visitor, link=link, about=about)

    async def revoke(self, request: Request, visitor: Visitor) -> Response:
        wanted = request.path_params["link"]
        links = await self._people.invitations.list(visitor.organisation)
        found = next((one for one in links if one.id == wanted), None)
        if found is None:
            raise Problem(404, NO_LINK)
        await self._may_make(request, visitor, found.role)
        if not await self._people.invitations.revoke(
            visitor.organisation, found.id, actor=visitor.actor
        ):
            raise Problem(404, NO_LINK)
        return _back("revoked")

    async def _may_make(self, request: Request, visitor: Visitor, role: Role) -> None:
        if role not in MAY_INVITE[visitor.role]:
            raise await self._doors.refused(request, visitor, Action.MANAGE_TEAM)

    async def change_role(self, request: Request, visitor: Visitor) -> Response:
        wanted = str((await request.form()).get("role", ""))
        user = await self._somebody(request, visitor)
        if wanted not in set(Role):
            raise Problem(422, NO_ROLE)
        try:
            await self._people.users.set_role(
                visitor.organisation, user, Role(wanted), actor=visitor.actor
            )
        except LastOwner as refusal:
            return await self._page(request, visitor, faults={"people": str(refusal)})
        return _back("role")

    async def disable(self, request: Request, visitor: Visitor) -> Response:
        user = await self._somebody(request, visitor)
        try:
            await self._people.users.disable(visitor.organisation, user, actor=visitor.actor)
        except LastOwner as refusal:
            return await self._page(request, visitor, faults={"people": str(refusal)})
        return _back("disabled")

    async def enable(self, request: Request, visitor: Visitor) -> Response:
        user = await self._somebody(request, visitor)
        await self._people.users.enable(visitor.organisation, user, actor=visitor.actor)
        return _back("enabled")

    async def end_sessions(self, request: Request, visitor: Visitor) -> Response:
        user = await self._somebody(request, visitor)
        await self._people.sessions.end_all(visitor.organisation, user, actor=visitor.actor)
        return _back("ended")

    async def reset(self, request: Request, visitor: Visitor) -> Response:
        user = await self._somebody(request, visitor)
        link = await self._people.invitations.reset(visitor.organisation, user, actor=visitor.actor)
        if link is None:
            raise Problem(409, "They are disabled: let them in again first.")
        about = "They choose a new password by this link; using it ends their sign-ins."
        return await self._page(request, visitor, link=link, about=about)

    async def _somebody(self, request: Request, visitor: Visitor) -> UUID:
        """Of this organisation: nobody else's people are found."""
        wanted = request.path_params["user"]
        people = await self._people.users.list(visitor.organisation)
        if all(one.id != wanted for one in people):
            raise Problem(404, NOBODY)
        return UUID(str(wanted))


def _back(done: str) -> Response:
    return RedirectResponse(f"{PATH}?done={done}", 303)
