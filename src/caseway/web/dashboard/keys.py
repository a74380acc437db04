"""Settings → API keys: which programs may call the API, and what each key lets them do."""

from collections.abc import Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from caseway.domain.roles import Action
from caseway.domain.scopes import ALLOWS, EVERY, Scope
from caseway.domain.secret import Secret
from caseway.ports import NotConfigured, Refused
from caseway.web.dashboard.doors import Doors, Visitor
from caseway.web.dashboard.frame import draw
from caseway.web.parts import Parts

PATH: Final = "/settings/keys"
LONGEST_NAME: Final = 100
DONE: Final = {
    "revoked": "The key is revoked: calls with it are refused from now on.",
    "gone": "There is no such key in use: somebody revoked it before you.",
}
NO_NAME: Final = "Say who will use it, for example “Shop”."
TOO_LONG: Final = f"A name has at most {LONGEST_NAME} characters."
NO_SCOPE: Final = "Choose at least one thing that the key allows."


class KeysPages:
    def __init__(self, parts: Parts, doors: Doors) -> None:
        self._keys = parts.keys
        self._doors = doors

    def routes(self) -> list[Route]:
        door = self._doors.door
        return [
            door(PATH, self.show, Action.MANAGE_KEYS),
            door(PATH, self.create, Action.MANAGE_KEYS, ("POST",)),
            door(PATH + "/revoke", self.revoke, Action.MANAGE_KEYS, ("POST",)),
        ]

    async def show(self, request: Request, visitor: Visitor) -> Response:
        return await self._page(request, visitor)

    async def create(self, request: Request, visitor: Visitor) -> Response:
        """The key stands in this answer and nowhere else, so nothing leads away from it."""
        form = await request.form()
        name = " ".join(str(form.get("name", "")).split())
        scopes = frozenset(Scope(one) for one in form.getlist("scope") if one in EVERY)
        faults: dict[str, str] = {}
        if not 0 < len(name) <= LONGEST_NAME:
            faults["name"] = TOO_LONG if name else NO_NAME
        if not scopes:
            faults["scope"] = NO_SCOPE
        if not faults:
            try:
                made = await self._keys.create(
                    visitor.organisation, name, scopes, actor=visitor.actor
                )
            except Refused:
                faults["name"] = f"A key named {name} is in use. Choose another name, or revoke it."
            else:
                return await self._page(request, visitor, made=made, made_name=name)
        return await self._page(request, visitor, faults=faults, name=name, scopes=scopes)

    async def revoke(self, request: Request, visitor: Visitor) -> Response:
        public_name = str((await request.form()).get("key", ""))
        try:
            await self._keys.revoke(visitor.organisation, public_name, actor=visitor.actor)
        except NotConfigured:
            return RedirectResponse(f"{PATH}?done=gone", 303)
        return RedirectResponse(f"{PATH}?done=revoked", 303)

    async def _page(
        self,
        request: Request,
        visitor: Visitor,
        *,
        made: Secret | None = None,
        made_name: str = "",
        faults: Mapping[str, str] | None = None,
        name: str = "",
        scopes: frozenset[Scope] = EVERY,
    ) -> Response:
        every = await self._keys.list(visitor.organisation)
        return draw(
            request,
            visitor,
            "api_keys.html",
            status=422 if faults else 200,
            in_use=[key for key in every if key.revoked_at is None],
            revoked=[key for key in every if key.revoked_at is not None],
            made=made.reveal() if made else "",
            made_name=made_name,
            faults=faults or {},
            name=name,
            scopes=scopes,
            every_scope=[(scope.value, ALLOWS[scope]) for scope in Scope],
            allows=ALLOWS,
            done=DONE.get(request.query_params.get("done", ""), ""),
        )
