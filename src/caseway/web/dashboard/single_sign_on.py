"""/login/sso: coming in by an identity provider that the operator trusts."""

import hmac
import secrets as chance
from dataclasses import dataclass
from typing import Final

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from caseway.domain.secret import Secret
from caseway.ports import AddressTaken, Known
from caseway.web.dashboard import alone, entrance
from caseway.web.dashboard.doors import HOME, Doors, local_path, source_of
from caseway.web.dashboard.provider import Proven, Provider, ProviderFailed, SignOn
from caseway.web.parts import Parts

log = structlog.get_logger()

PATH: Final = "/login/sso"
BACK: Final = "/login/sso/back"
LONGEST: Final = 10 * 60  # seconds that somebody may take to sign in over there
REFUSED: Final = "The identity provider did not sign you in."
NOT_OURS: Final = "This sign-in was not begun in this browser, or longer than 10 minutes ago."
UNPROVEN: Final = "The identity provider does not vouch for your email address."
UNINVITED: Final = "{email} is not invited. Ask an owner of this Caseway for an invitation."


class Begun(msgspec.Struct):
    """What the browser keeps while it is over there; it ends with the return."""

    state: str
    nonce: str
    verifier: str
    onward: str


@dataclass(frozen=True, slots=True)
class SingleSignOn:
    parts: Parts
    doors: Doors
    configured: SignOn
    provider: Provider

    @classmethod
    def of(cls, parts: Parts, doors: Doors, configured: SignOn) -> "SingleSignOn":
        provider = Provider(configured, back=f"{parts.public_url}{BACK}", now=parts.now)
        return cls(parts, doors, configured, provider)

    def routes(self) -> list[Route]:
        return [
            alone.open_route(PATH, self.begin, "GET"),
            alone.open_route(BACK, self.back, "GET"),
        ]

    async def begin(self, request: Request) -> Response:
        begun = Begun(
            state=chance.token_urlsafe(32),
            nonce=chance.token_urlsafe(32),
            verifier=chance.token_urlsafe(48),
            onward=local_path(request.query_params.get("next", HOME)),
        )
        try:
            there = await self.provider.way_there(
                state=begun.state, nonce=begun.nonce, verifier=begun.verifier
            )
        except ProviderFailed as failure:
            return self._page(str(failure), 503)
        response = RedirectResponse(there, 303, headers={"Cache-Control": "no-store"})
        kept = msgspec.json.encode(begun).hex()
        self.doors.on_the_way.give(response, Secret(kept), seconds=LONGEST)
        return response

    async def back(self, request: Request) -> Response:
        response = await self._back(request)
        self.doors.on_the_way.take_back(response)
        return response

    async def _back(self, request: Request) -> Response:
        begun = self._begun(request)
        told = request.query_params
        if begun is None or not hmac.compare_digest(
            begun.state.encode(), told.get("state", "").encode()
        ):
            return self._page(NOT_OURS, 422)
        if not told.get("code"):
            log.info("sign_on.refused", error=told.get("error", "")[:40])
            return self._page(REFUSED, 422)
        if told.get("iss", self.configured.issuer).rstrip("/") != self.configured.issuer:
            return self._page(NOT_OURS, 422)  # another provider's answer (RFC 9207)
        try:
            proven = await self.provider.who(
                told["code"], nonce=begun.nonce, verifier=begun.verifier
            )
        except ProviderFailed as failure:
            return self._page(str(failure), 503)
        if not (proven.email and proven.email_verified):
            return self._page(UNPROVEN, 422)
        known = await self._known(proven, source_of(request))
        if known is None:
            return self._page(UNINVITED.format(email=proven.email), 422)
        return await self.doors.let_in(
            request, known.organisation, known.id, email=proven.email, onward=begun.onward
        )

    def _begun(self, request: Request) -> Begun | None:
        try:
            kept = bytes.fromhex(self.doors.on_the_way.read(request))
            return msgspec.json.decode(kept, type=Begun)
        except ValueError:  # msgspec's own are, too
            return None

    async def _known(self, proven: Proven, source: str) -> Known | None:
        """Somebody there is, else who was invited, else whose domain may join."""
        people = self.parts.people
        known = await people.users.known(proven.email)
        if known is not None:
            return known
        invitation = await people.invitations.to(proven.email)
        if invitation is not None:
            try:
                await people.invitations.accept(
                    invitation, email=proven.email, name=proven.name, password=None, source=source
                )
            except AddressTaken:
                return None
            return await people.users.known(proven.email)
        if proven.email.rpartition("@")[2] not in self.configured.domains:
            return None
        return await people.users.join(
            self.configured.organisation,
            email=proven.email,
            name=proven.name,
            role=self.configured.role,
            source=source,
        )

    def _page(self, trouble: str, status: int) -> Response:
        return entrance.page(HOME, trouble=trouble, status=status, single_sign_on=True)
