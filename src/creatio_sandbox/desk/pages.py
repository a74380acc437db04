"""The desk's pages. They work without JavaScript; the script only looks again when told."""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from creatio_sandbox.desk.card_pages import CardPages
from creatio_sandbox.desk.case_pages import CasePages
from creatio_sandbox.desk.contact_pages import ContactPages
from creatio_sandbox.desk.design_pages import DesignPages
from creatio_sandbox.desk.fault_pages import FaultPages
from creatio_sandbox.desk.library_pages import LibraryPages
from creatio_sandbox.desk.log_pages import LogPages
from creatio_sandbox.desk.section_pages import SectionPages
from creatio_sandbox.desk.service_pages import ServicePages
from creatio_sandbox.elements import Source
from creatio_sandbox.failures import Missing, Refused
from creatio_sandbox.instance import Instance
from creatio_sandbox.offers import caption
from creatio_sandbox.people import Person
from creatio_sandbox.values import EMPTY_TIME

Endpoint = Callable[[Request], Awaitable[Response]]
KEPT_IN_LINKS: Final = ("embed", "theme", "q", "status", "whose")
HEADERS: Final = {
    "Cache-Control": "no-store",
    # No frame-ancestors: the demo shows the desk inside its own page.
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
TONES: Final = {
    "New": "amber",
    "Reopened": "amber",
    "In progress": "blue",
    "Waiting for response": "grey",
    "Resolved": "green",
    "Closed": "grey",
    "Canceled": "grey",
    "Running": "blue",
    "Completed": "green",
    "Error": "red",
}


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.removesuffix("Z") + "+00:00")


def clock_time(text: str, now: datetime) -> str:
    """Today the time alone; earlier the day as well; another year that too."""
    if not text or text == EMPTY_TIME:
        return ""
    at = _moment(text)
    if at.date() == now.date():
        return f"{at:%H:%M}"
    year = f" {at.year}" if at.year != now.year else ""
    return f"{at.day} {at:%b}{year}, {at:%H:%M}"


def templates(instance: Instance) -> Environment:
    made = Environment(
        loader=PackageLoader("creatio_sandbox.desk"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["when"] = lambda text: clock_time(text, instance.clock.now())
    made.filters["seconds"] = lambda text: f"{_moment(text):%H:%M:%S}" if text else ""
    made.filters["caption"] = caption
    made.globals["empty_source"] = Source()
    made.filters["tone"] = lambda name: TONES.get(name, "grey")
    made.filters["initials"] = lambda name: "".join(word[0] for word in name.split()[:2]).upper()
    return made


def is_foreign(request: Request) -> bool:
    """Whether another site's page sent this form."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site not in {"same-origin", "none"}
    origin = request.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != request.headers.get("host")


class Pages:
    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.templates = templates(instance)
        self.signed_in: dict[str, str] = {}  # the contact of whoever has that cookie

    def routes(self) -> list[Route | Mount]:
        def route(path: str, endpoint: Endpoint, method: str) -> Route:
            return Route(f"/desk{path}", self.guarded(endpoint), methods=[method])

        static = Path(str(files("creatio_sandbox.desk") / "static"))
        return [
            Route("/desk/sign-in", self.sign_in, methods=["GET", "POST"]),
            Mount("/desk/static", StaticFiles(directory=static)),
            *CasePages(self).routes(route),
            route("/person", self.work_as, "POST"),
            route("/sign-out", self.sign_out, "POST"),
            route("/stream", self.stream, "GET"),
            *ContactPages(self).routes(route),
            *CardPages(self).routes(route),
            *SectionPages(self).routes(route),
            *LibraryPages(self).routes(route),
            *DesignPages(self).routes(route),
            *ServicePages(self).routes(route),
            *LogPages(self).routes(route),
            *FaultPages(self).routes(route),
        ]

    # --- who is there ---------------------------------------------------------------------

    def _cookie(self, request: Request) -> str:
        # Browsers share cookies among all ports of a host.
        return f"sandbox_desk_{request.url.port or 80}"

    def _is_in(self, request: Request) -> bool:
        return (
            self.instance.plan.desk_open
            or request.cookies.get(self._cookie(request)) in self.signed_in
        )

    def person(self, request: Request) -> Person:
        """Who looks and writes. At an open desk the cookie itself says as whom one works."""
        kept = request.cookies.get(self._cookie(request))
        contact = kept if self.instance.plan.desk_open else self.signed_in.get(kept or "")
        people = self.instance.people
        return people.with_contact(contact) or people.all()[0]

    def guarded(self, endpoint: Endpoint) -> Endpoint:
        async def answer(request: Request) -> Response:
            if not self._is_in(request):
                back = urlencode({"next": _address(request)})
                return RedirectResponse(f"/desk/sign-in?{back}", 303)
            if request.method == "POST" and is_foreign(request):
                return self.page("problem.html", request, 403, problem="Another site sent this.")
            try:
                return await endpoint(request)
            except Missing as failure:
                return self.page("problem.html", request, 404, problem=f"{failure} is not here.")
            except Refused as failure:
                return self.page("problem.html", request, 400, problem=str(failure))

        return answer

    async def sign_in(self, request: Request) -> Response:
        wrong = False
        if request.method == "POST":
            form = await request.form()
            user, password = str(form.get("user", "")), str(form.get("password", ""))
            author = self.instance.identity.author_of(user, password)
            if author is not None and not is_foreign(request):
                token = secrets.token_urlsafe(32)
                self.signed_in[token] = author.contact
                there = RedirectResponse(_inside(request.query_params.get("next")), 303)
                return self._remembered(request, there, token)
            wrong = True
        status = 401 if wrong else 200
        return self.page("sign_in.html", request, status, wrong=wrong, bare=True)

    async def sign_out(self, request: Request) -> Response:
        self.signed_in.pop(request.cookies.get(self._cookie(request), ""), None)
        return RedirectResponse("/desk/sign-in", 303)

    async def work_as(self, request: Request) -> Response:
        """At an open desk one takes the seat of whom one likes."""
        form = await request.form()
        contact = str(form.get("contact", ""))
        if not self.instance.plan.desk_open or not self.instance.people.with_contact(contact):
            raise Missing("That person")
        there = RedirectResponse(_inside(str(form.get("here", ""))), 303)
        return self._remembered(request, there, contact)

    def _remembered(self, request: Request, there: Response, value: str) -> Response:
        name = self._cookie(request)
        there.set_cookie(name, value, httponly=True, samesite="lax", path="/desk")
        return there

    async def stream(self, request: Request) -> Response:
        del request
        return StreamingResponse(
            self.instance.feed.notes(),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store"},
        )

    # --- drawing --------------------------------------------------------------------------

    def page(self, name: str, request: Request, status: int = 200, **named: Any) -> Response:
        kept = self._kept(request)
        values: Mapping[str, Any] = {
            "embed": request.query_params.get("embed") == "1",
            "theme": _theme(request),
            "path": request.url.path,
            "here": _address(request) if request.method == "GET" else "",
            "kept": f"?{urlencode(kept)}" if kept else "",
            "link": lambda **more: "?" + urlencode({**kept, **more}),
            "faults": self.instance.weather.faults.switched_on,
            "me": self.person(request),
            "people": self.instance.people.all(),
            "seed": self.instance.plan.seed,
            "desk_open": self.instance.plan.desk_open,
            "bare": False,
            "zone": "UTC",
            "sample_cases": self.instance.plan.seed_cases,
            **named,
        }
        html = self.templates.get_template(name).render(values)
        return HTMLResponse(html, status, headers=dict(HEADERS))

    def _kept(self, request: Request) -> dict[str, str]:
        asked = request.query_params
        return {name: asked[name] for name in KEPT_IN_LINKS if name in asked}

    def back(self, request: Request, path: str) -> Response:
        kept = self._kept(request)
        return RedirectResponse(f"{path}?{urlencode(kept)}" if kept else path, 303)


def _theme(request: Request) -> str:
    theme = request.query_params.get("theme", "")
    return theme if theme in {"light", "dark"} else ""


def _address(request: Request) -> str:
    return f"{request.url.path}?{request.url.query}".rstrip("?")


def _inside(address: str | None) -> str:
    """Only a page of the desk may follow."""
    return address if address and address.startswith("/desk") else "/desk"
