"""/welcome/<token>: coming in by a link that works once."""

from collections.abc import Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from caseway.domain.password import TooWeak, judge
from caseway.domain.roles import MAY, Action, Role
from caseway.domain.secret import Secret
from caseway.ports import AddressTaken, Invitation, LinkKind
from caseway.web.dashboard import alone
from caseway.web.dashboard.doors import HOME, Doors, source_of
from caseway.web.dashboard.entrance import LONGEST_EMAIL
from caseway.web.dashboard.passwords import Passwords
from caseway.web.parts import Parts

PATH: Final = "/welcome/{token}"
LONGEST_NAME: Final = 120
FIRST_ROOM: Final = "/settings/ticketing"
NO_NAME: Final = "Say how others call you, for example Maria Lindqvist."
NO_EMAIL: Final = "An email address, for example maria@example.com."
OVER: Final = "This link was used, revoked or is older than 7 days."


class Welcome:
    def __init__(self, parts: Parts, doors: Doors, passwords: Passwords) -> None:
        self._people = parts.people
        self._connections = parts.creatio.connections
        self._doors = doors
        self._passwords = passwords

    def routes(self) -> list[Route]:
        return [
            alone.open_route(PATH, self.show, "GET"),
            alone.open_route(PATH, self.accept, "POST"),
        ]

    async def show(self, request: Request) -> Response:
        link = await self._people.invitations.shown(request.path_params["token"])
        if link is None or not link.is_open:
            return _over(link)
        return _page(link, sets_up=await self._sets_up(link))

    async def accept(self, request: Request) -> Response:
        link = await self._people.invitations.shown(request.path_params["token"])
        if link is None or not link.is_open:
            return _over(link)
        form = await request.form()
        email = link.email or str(form.get("email", "")).strip().lower()
        name = link.name or " ".join(str(form.get("name", "")).split())
        password = Secret(str(form.get("password", "")))
        faults = _faults(email, name, password)
        sets_up = await self._sets_up(link)
        if faults:
            return _page(link, sets_up=sets_up, email=email, name=name, faults=faults)
        try:
            user = await self._people.invitations.accept(
                link,
                email=email,
                name=name,
                password=await self._passwords.hashed(password),
                source=source_of(request),
            )
        except AddressTaken as taken:
            fault = {"email": str(taken)}
            return _page(link, sets_up=sets_up, email=email, name=name, faults=fault)
        if user is None:
            return _over(link)
        return await self._doors.let_in(
            request,
            link.organisation,
            user,
            email=email,
            onward=FIRST_ROOM if sets_up else HOME,
        )

    async def _sets_up(self, link: Invitation) -> bool:
        """Whether connecting Creatio is what awaits them."""
        if link.kind is not LinkKind.JOIN:
            return link.kind is LinkKind.FIRST
        may = Action.CHANGE_SETTINGS in MAY[Role(link.role)]
        return may and not await self._connections.list(link.organisation)


def is_email(text: str) -> bool:
    """As far as it can be told without sending anything there."""
    local, _, domain = text.rpartition("@")
    fits = len(text) <= LONGEST_EMAIL and text.isprintable() and " " not in text
    return fits and bool(local) and "." in domain


def _faults(email: str, name: str, password: Secret) -> dict[str, str]:
    """By field, in the order of the form."""
    faults = {}
    if not 0 < len(name) <= LONGEST_NAME:
        faults["name"] = NO_NAME
    if not is_email(email):
        faults["email"] = NO_EMAIL
    judged = judge(password.reveal(), email=email, name=name)
    if isinstance(judged, TooWeak):
        faults["password"] = judged.words
    return faults


def _page(
    link: Invitation,
    *,
    sets_up: bool,
    email: str = "",
    name: str = "",
    faults: Mapping[str, str] | None = None,
) -> Response:
    return alone.draw(
        "welcome.html",
        status=422 if faults else 200,
        link=link,
        sets_up=sets_up,
        email=email or link.email,
        name=name or link.name,
        faults=faults or {},
        wrong=next(iter(faults or {}), ""),
    )


def _over(link: Invitation | None) -> Response:
    """Unknown links are told the same: whether there ever was one is nobody's business."""
    role = link.role if link else None
    return alone.draw("over.html", status=410, detail=OVER, of_owner=role is Role.OWNER)
