"""/demo: the product in a minute, on one page. Only `caseway demo` has it."""

import asyncio
import os
import signal
from base64 import b64encode
from collections.abc import AsyncIterator
from datetime import timedelta
from ipaddress import ip_network
from typing import Final
from urllib.parse import urlsplit

import msgspec
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route
from yarl import URL

from caseway.outbound import NoAnswer, NotReached, Outside
from caseway.ports import Later
from caseway.web.dashboard import alone
from caseway.web.dashboard.doors import Doors
from caseway.web.demo.facts import DemoFacts
from caseway.web.demo.telling import groups, tour
from caseway.web.pages import page
from caseway.web.parts import Parts
from caseway.web.problems import Problem
from caseway.web.security import OWN_SITE
from caseway.web.widget.watching import Watchers

ASSETS: Final = ("demo.css", "demo.js")
DASHBOARD: Final = "/demo/dashboard"
LOOK_EVERY: Final = timedelta(milliseconds=400)
PING_EVERY_LOOKS: Final = 25
TELL_SINCE: Final = timedelta(hours=6)
STEPS: Final = (
    "A customer writes",
    "A case opens",
    "The agent answers",
    "It arrives",
    "Close the case, on the right",
)
FAULTS: Final = {
    "webhook": {"drop_next": 1},  # the next one is never sent
    "creatio": {"down_for_s": 20},
}
LOOPBACK: Final = (ip_network("127.0.0.0/8"),)


class Demo:
    def __init__(self, parts: Parts, facts: DemoFacts, watchers: Watchers) -> None:
        self._parts = parts
        self._facts = facts
        self._watchers = watchers
        self._doors = Doors(parts)
        sandbox = urlsplit(facts.desk_url)
        self._policy = (
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
            f"img-src 'self' data:; frame-src {sandbox.scheme}://{sandbox.netloc}; "
            "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
        )

    def routes(self) -> list[Route]:
        return [
            Route("/demo", self.whole),
            Route("/demo/widget", self.shop),
            alone.open_route(DASHBOARD, self.dashboard, "GET"),
            Route("/demo/log", self.log),
            Route("/demo/break/{what}", self.break_it, methods=["POST"]),
        ]

    async def whole(self, request: Request) -> Response:
        del request
        story = await self._parts.reads.story(
            self._facts.organisation, self._parts.now() - TELL_SINCE
        )
        return self._page("demo.html", steps=STEPS, done=tour(story).done)

    async def dashboard(self, request: Request) -> Response:
        """Opens the dashboard as the demo's owner, in one click. Another site's page cannot."""
        if request.headers.get("sec-fetch-site", "none") not in OWN_SITE:
            raise Problem(403, "This link works on the demo page only.")
        return await self._doors.let_in(
            request, self._facts.organisation, self._facts.owner, email=self._facts.owner_email
        )

    async def shop(self, request: Request) -> Response:
        """The customer's side alone, as a shop's page would have it."""
        del request
        return self._page("shop.html")

    def _page(self, name: str, **more: object) -> Response:
        content = page(name).render(
            channel=self._facts.widget_channel, desk_url=self._facts.desk_url, **more
        )
        headers = {"Content-Security-Policy": self._policy, "Cache-Control": "no-store"}
        return HTMLResponse(content, headers=headers)

    async def log(self, request: Request) -> Response:
        del request
        return StreamingResponse(
            self._follow(),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )

    async def _follow(self) -> AsyncIterator[bytes]:
        known: dict[str, bytes] = {}
        said = b""
        looks = 0
        yield b": begun\n\n"
        while not self._watchers.is_closing:
            told, known, said = await self._news(known, said)
            looks += 1
            if told or looks % PING_EVERY_LOOKS == 0:
                yield told or b": ping\n\n"
            await asyncio.sleep(LOOK_EVERY.total_seconds())

    async def _news(
        self, known: dict[str, bytes], said: bytes
    ) -> tuple[bytes, dict[str, bytes], bytes]:
        """Groups that changed, oldest first, so that the reader puts each on top."""
        try:
            since = self._parts.now() - TELL_SINCE
            story = await self._parts.reads.story(self._facts.organisation, since)
        except Later:
            return b"", known, said
        now = {group.id: msgspec.json.encode(group) for group in reversed(groups(story))}
        told = [_event("group", text) for each, text in now.items() if known.get(each) != text]
        progress = msgspec.json.encode(tour(story))
        if progress != said:
            told.append(_event("tour", progress))
        return b"".join(told), now, progress

    async def break_it(self, request: Request) -> Response:
        what = request.path_params["what"]
        if what == "caseway":
            # CRASH HERE, by wish: whoever started us begins us again, and nothing is lost.
            return Response(status_code=202, background=BackgroundTask(_die))
        if what not in FAULTS:
            raise Problem(404, "There is nothing of this name to break.")
        await self._tell_sandbox(FAULTS[what])
        return Response(status_code=204)

    async def _tell_sandbox(self, faults: dict[str, int]) -> None:
        facts = self._facts
        login = f"{facts.sandbox_user}:{facts.sandbox_password.reveal()}"
        headers = {
            "Authorization": f"Basic {b64encode(login.encode()).decode()}",
            "Content-Type": "application/json",
        }
        try:
            async with Outside(LOOPBACK) as outside:
                answer = await outside.ask(
                    "PUT",
                    URL(f"{facts.sandbox_url}/sandbox/faults"),
                    headers=headers,
                    body=msgspec.json.encode(faults),
                    within_seconds=5,
                )
        except (NotReached, NoAnswer) as failure:
            raise Problem(502, f"The sandbox does not answer: {failure}.") from None
        if answer.status != 200:
            raise Problem(502, f"The sandbox answered {answer.status}.")


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _event(kind: str, text: bytes) -> bytes:
    return b"event: " + kind.encode() + b"\ndata: " + text + b"\n\n"
