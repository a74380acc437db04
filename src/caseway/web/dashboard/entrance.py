"""Signing in with a password, and signing out."""

from math import ceil
from typing import Final

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from caseway.domain.secret import Secret
from caseway.web.dashboard import alone
from caseway.web.dashboard.doors import HOME, SIGN_IN, Doors, local_path, source_of
from caseway.web.dashboard.passwords import Passwords
from caseway.web.parts import Parts

log = structlog.get_logger()

LONGEST_EMAIL: Final = 254
WRONG: Final = "This address and this password do not belong together."
WAIT: Final = "Too many tries. Wait {seconds} s, then try again."


class Entrance:
    def __init__(self, parts: Parts, doors: Doors, passwords: Passwords) -> None:
        self._people = parts.people
        self._doors = doors
        self._passwords = passwords
        self._single_sign_on = parts.sign_on is not None

    def routes(self) -> list[Route]:
        return [
            alone.open_route("/", self.home, "GET"),
            alone.open_route(SIGN_IN, self.show, "GET"),
            alone.open_route(SIGN_IN, self.sign_in, "POST"),
            alone.open_route("/logout", self._doors.let_out, "POST"),
        ]

    async def home(self, request: Request) -> Response:
        here = await self._doors.visitor(request)
        return RedirectResponse(SIGN_IN if here is None else HOME, 303)

    async def show(self, request: Request) -> Response:
        onward = local_path(request.query_params.get("next", HOME))
        if await self._doors.visitor(request) is not None:
            return RedirectResponse(onward, 303)
        return page(onward, single_sign_on=self._single_sign_on)

    async def sign_in(self, request: Request) -> Response:
        form = await request.form()
        email = str(form.get("email", "")).strip()[:LONGEST_EMAIL]
        password = Secret(str(form.get("password", "")))
        onward = local_path(str(form.get("next", "")))
        wait = await self._people.tries.take(email, source_of(request))
        if wait is not None:
            return self._delayed(onward, email, max(1, ceil(wait.total_seconds())))
        known = await self._people.users.known(email)
        fits = await self._passwords.fits(password, known.password if known else None)
        if known is None or not fits:
            log.info("sign_in.refused")
            return page(
                onward, email=email, trouble=WRONG, status=422, single_sign_on=self._single_sign_on
            )
        await self._people.tries.succeeded(email, source_of(request))
        return await self._doors.let_in(
            request, known.organisation, known.id, email=email.lower(), onward=onward
        )

    def _delayed(self, onward: str, email: str, seconds: int) -> Response:
        log.warning("sign_in.delayed", seconds=seconds)
        answer = page(
            onward,
            email=email,
            trouble=WAIT.format(seconds=seconds),
            status=429,
            single_sign_on=self._single_sign_on,
        )
        answer.headers["Retry-After"] = str(seconds)
        return answer


def page(
    onward: str, *, single_sign_on: bool, email: str = "", trouble: str = "", status: int = 200
) -> Response:
    return alone.draw(
        "login.html",
        status=status,
        onward=onward,
        email=email,
        trouble=trouble,
        single_sign_on=single_sign_on,
    )
