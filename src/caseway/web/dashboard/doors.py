"""The one place that asks who somebody is and whether they may. Every page stands behind a door."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Final
from urllib.parse import quote, urlsplit
from uuid import UUID

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from caseway.domain.actor import Actor
from caseway.domain.ids import OrganisationId
from caseway.domain.roles import MAY, Action, Role
from caseway.domain.session import LASTS, SEEN_EVERY, holds
from caseway.ports import SignedIn
from caseway.web.dashboard import alone
from caseway.web.dashboard.cookies import ON_THE_WAY, SESSION, Cookie
from caseway.web.dashboard.glance import Foot
from caseway.web.parts import Parts
from caseway.web.problems import Problem

log = structlog.get_logger()

HOME: Final = "/inbox"
SIGN_IN: Final = "/login"
NOT_SIGNED_IN: Final = "Your sign-in is over. Sign in again, and repeat what you did."
MAY_NOT: Final = "As {role} you may not {action}. An owner of this Caseway can change your role."
PATH_LENGTH: Final = 200


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whoever is signed in."""

    organisation: OrganisationId
    id: UUID
    name: str
    email: str
    role: Role
    session: UUID
    theme: str
    zone: tzinfo  # the organisation's
    source: str  # the address they come from

    def may(self, action: Action) -> bool:
        return action in MAY[self.role]

    @property
    def actor(self) -> Actor:
        """For the audit entry of what they change."""
        return Actor(self.email, source=self.source)


Endpoint = Callable[[Request, Visitor], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Door:
    """An ASGI application: lets the right people through to an endpoint."""

    action: Action
    endpoint: Endpoint
    doors: "Doors"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        response = await alone.told(self._answer(request))
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        visitor = await self.doors.visitor(request)
        if visitor is None:
            return _sign_in_first(request)
        if not visitor.may(self.action):
            raise await self.doors.refused(request, visitor, self.action)
        request.state.glance = await self.doors.foot.of(visitor.organisation)
        return await self.endpoint(request, visitor)


class Doors:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._people = parts.people
        self.foot = Foot(parts.glances, parts.now)
        secure = urlsplit(parts.public_url).scheme == "https"
        self._cookie = Cookie(SESSION, secure)
        self.on_the_way = Cookie(ON_THE_WAY, secure)

    def door(
        self, path: str, endpoint: Endpoint, action: Action, methods: Sequence[str] = ("GET",)
    ) -> Route:
        return Route(path, Door(action, endpoint, self), methods=methods, include_in_schema=False)

    async def visitor(self, request: Request) -> Visitor | None:
        """Who this is, if they are signed in. Raises `Later`."""
        found = await self._people.sessions.holder(self._cookie.read(request))
        if found is None:
            return None
        now = self._parts.now()
        if not holds(last_seen_at=found.last_seen_at, expires_at=found.expires_at, now=now):
            return None
        if now >= found.last_seen_at + SEEN_EVERY:
            await self._people.sessions.note_seen(found)
        return _visitor(found, source_of(request))

    async def let_in(
        self,
        request: Request,
        organisation: OrganisationId,
        user: UUID,
        *,
        email: str,
        onward: str = HOME,
    ) -> Response:
        """Signs them in with a new session; the one that this browser had is over."""
        await self._end(request)
        token = await self._people.sessions.begin(
            organisation,
            user,
            agent=request.headers.get("user-agent", ""),
            actor=Actor(email, source=source_of(request)),
        )
        log.info("session.begun", user=user)
        response = RedirectResponse(local_path(onward), 303, headers={"Cache-Control": "no-store"})
        self._cookie.give(response, token, seconds=int(LASTS.total_seconds()))
        return response

    async def let_out(self, request: Request) -> Response:
        await self._end(request)
        response = RedirectResponse(SIGN_IN, 303, headers={"Cache-Control": "no-store"})
        self._cookie.take_back(response)
        return response

    async def _end(self, request: Request) -> None:
        here = await self.visitor(request)
        if here is not None:
            await self._people.sessions.end(
                here.organisation, here.id, here.session, actor=here.actor
            )

    async def refused(self, request: Request, visitor: Visitor, action: Action) -> Problem:
        """Leaves an audit entry, whichever page it was that said no."""
        door = f"{request.method} {request.url.path}"[:PATH_LENGTH]
        await self._people.audit.refused(visitor.organisation, visitor.actor, door)
        log.warning("door.refused", user=visitor.id, role=visitor.role, action=action)
        return Problem(403, MAY_NOT.format(role=_an(visitor.role), action=action))


def source_of(request: Request) -> str:
    return request.client.host if request.client else ""


def local_path(text: str) -> str:
    """Where to go on to after signing in; what leads to another site leads home."""
    path = text.partition("?")[0]
    # A path with // in it may lead elsewhere once a proxy or a browser has tidied what is before.
    ours = path.startswith("/") and "//" not in path and "\\" not in text
    return text if ours and text.isprintable() else HOME


def _visitor(found: SignedIn, source: str) -> Visitor:
    return Visitor(
        organisation=found.organisation,
        id=found.user,
        name=found.name,
        email=found.email,
        role=found.role,
        session=found.session,
        theme=found.theme,
        zone=found.zone,
        source=source,
    )


def _an(role: Role) -> str:
    return f"an {role}" if role in {Role.OWNER, Role.ADMIN, Role.AGENT} else f"a {role}"


def _sign_in_first(request: Request) -> Response:
    """A page leads to the sign-in and back; what is fetched by a script is told plainly."""
    path = request.url.path
    query = f"?{request.url.query}" if request.url.query else ""
    address = f"{SIGN_IN}?next={quote(path + query, safe='/')}"
    plain = "text/event-stream" in request.headers.get("accept", "")
    if request.method in {"GET", "HEAD"} and not plain and "hx-request" not in request.headers:
        return RedirectResponse(address, 303, headers={"Cache-Control": "no-store"})
    here = urlsplit(request.headers.get("hx-current-url", "")).path
    response = alone.refusal(Problem(401, NOT_SIGNED_IN))
    del response.headers["WWW-Authenticate"]
    response.headers["HX-Redirect"] = f"{SIGN_IN}?next={quote(here or HOME, safe='/')}"
    return response
