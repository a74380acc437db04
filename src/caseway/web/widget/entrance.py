"""Who may use a widget's channel: pages of its allowed origins, visitors with a token."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from caseway.domain.connection import ChannelAccount
from caseway.domain.ids import ChannelId
from caseway.ports import Later, Visitor
from caseway.web.parts import Parts
from caseway.web.problems import Problem
from caseway.web.widget import tokens

KIND: Final = "widget"
PREFLIGHT: Final = {
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "Authorization, Content-Type",
    "Access-Control-Max-Age": "600",
}
NO_CHANNEL: Final = "There is no such widget."
FOREIGN: Final = "This page may not use this widget: its origin is not among the allowed ones."
STRANGER: Final = "This device's token is not known (any more). Open a new session."
UNREACHABLE: Final = "We cannot take your message right now. We try again by ourselves."

Endpoint = Callable[[Request, ChannelAccount], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Entrance:
    parts: Parts

    def route(self, path: str, **endpoints: Endpoint) -> Route:
        """`GET` and `POST` by name; the preflight is answered here."""

        async def answer(request: Request) -> Response:
            return await self._answer(request, endpoints)

        methods = [*endpoints, "OPTIONS"]
        return Route(f"/widget/v1/{{channel}}/{path}", answer, methods=methods)

    async def _answer(self, request: Request, endpoints: dict[str, Endpoint]) -> Response:
        allowed: dict[str, str] = {"Vary": "Origin"}
        try:
            account = await self._account(request)
            allowed |= _for_origin(account, request)
            if request.method == "OPTIONS":
                response = Response(status_code=204, headers=PREFLIGHT)
            else:
                endpoint = endpoints["GET" if request.method == "HEAD" else request.method]
                response = await endpoint(request, account)
        except Problem as problem:
            response = problem.response()
        except Later as failure:
            wait = failure.retry_after
            response = Problem(503, UNREACHABLE, retry_after=wait).response()
        response.headers.update(allowed)
        return response

    async def _account(self, request: Request) -> ChannelAccount:
        try:
            channel = ChannelId(UUID(request.path_params["channel"]))
        except ValueError:
            raise Problem(404, NO_CHANNEL) from None
        organisation = await self.parts.sessions.organisation_of(channel)
        if organisation is None:
            raise Problem(404, NO_CHANNEL)
        account = await self.parts.directory.channel(organisation, channel)
        if account.kind != KIND:
            raise Problem(404, NO_CHANNEL)
        return account

    async def visitor(self, request: Request, account: ChannelAccount) -> Visitor:
        kind, _, shown = request.headers.get("authorization", "").partition(" ")
        presented = tokens.read(shown.strip()) if kind.lower() == "bearer" else None
        if presented is None:
            raise Problem(401, STRANGER)
        found = await self.parts.sessions.holder(account.id, presented.session, presented.digest)
        if found is None:
            raise Problem(401, STRANGER)
        return found


def _for_origin(account: ChannelAccount, request: Request) -> dict[str, str]:
    """Exactly the configured ones, and our own pages (whose name was checked before)."""
    origin = request.headers.get("origin")
    if origin is None:
        return {}
    own = urlsplit(origin).netloc == request.headers.get("host")
    if not own and origin not in account.settings.origins:
        raise Problem(403, FOREIGN)
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Expose-Headers": "Retry-After",
    }
