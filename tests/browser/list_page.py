"""A page with a live list, as rooms have them, whose rows a test commands."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from caseway.web import assets
from caseway.web.dashboard import frame
from caseway.web.dashboard.live import stream
from caseway.web.widget.watching import Watchers

SLOW_AT_MOST_S = 30
PAGE = """<!doctype html>
<html lang="en"><head><title>A list</title>
<link rel="stylesheet" href="/static/caseway.css"><link rel="stylesheet" href="/static/dashboard/frame.css">
<script src="/static/dashboard/page.js" defer></script>
<script src="/static/dashboard/keys.js" defer></script>
<script src="/static/dashboard/live.js" defer></script></head>
<body><svg hidden id="sprite">{symbols}</svg>
<nav class="cw-nav"><a href="/inbox" data-key="i">Inbox</a></nav>
<main id="main"><h1>A list</h1>
<input aria-label="Find" data-find>
<span data-live-state data-live-words="Live"><span class="cw-lamp"></span><span>Live</span></span>
<div id="rows" data-live="/live/list" data-live-one="new event" data-live-many="new events">{rows}
<details class="cw-confirm" data-confirm><summary>Ask</summary>
<form class="cw-ask" method="post" action="/orders"><p tabindex="-1" data-heading>Sure?</p></form></details>
<form method="post" action="/orders"><button>Order here</button></form>
</div>
<form method="post" action="/orders"><button>Order</button></form>
</main><p id="said" role="status"></p>
<dialog id="keys"><form method="dialog"><button>Close</button></form><input type="checkbox" data-keys-off aria-label="Off"></dialog>
</body></html>"""


@dataclass
class ListPage:
    """Newest first: a row is its id and what it says."""

    rows: dict[str, str] = field(default_factory=dict)
    icons: list[str] = field(default_factory=list)  # those that the page uses
    is_down: bool = False  # neither the page nor the stream answers
    is_broken: bool = False  # the page is, its stream is not
    is_slow: bool = False  # orders are taken, and not answered yet
    orders: int = 0
    is_over: bool = False  # the sign-in is
    watchers: Watchers = field(default_factory=Watchers)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/", self.page),
                Route("/inbox", self.elsewhere),
                Route("/login", self.elsewhere),
                Route("/live/list", self.live),
                Route("/orders", self.order, methods=["POST"]),
                *assets.routes([*frame.OWN_ASSETS, "caseway.css"]),
            ]
        )

    async def page(self, request: Request) -> Response:
        if self.is_over:
            return RedirectResponse("/login", 303)
        if self.is_down or self.is_broken:
            return PlainTextResponse("down", 503)
        wanted = request.query_params.get("q", "")
        rows = "".join(
            f'<div data-row id="row-{name}"><a href="/inbox?{name}">{text}</a>'
            f'<input type="checkbox" name="pick" value="{name}" aria-label="Pick {name}"></div>'
            for name, text in self.rows.items()
            if wanted in name
        )
        symbols = "".join(
            f'<symbol id="i-{name}"><path d="M0 0h9"/></symbol>' for name in self.icons
        )
        return HTMLResponse(PAGE.replace("{rows}", rows).replace("{symbols}", symbols))

    async def elsewhere(self, request: Request) -> Response:
        return PlainTextResponse(f"This is {request.url.path}")

    async def live(self, request: Request) -> Response:
        if self.is_over:
            return PlainTextResponse("signed out", 401)
        if self.is_down:
            return PlainTextResponse("down", 503)
        request.app.state.watchers = self.watchers
        return await stream(request, self.standing, timedelta(milliseconds=50))

    async def order(self, request: Request) -> Response:
        del request
        self.orders += 1
        mine = self.orders
        async with asyncio.timeout(SLOW_AT_MOST_S):
            while self.is_slow:
                await asyncio.sleep(0.02)
        return PlainTextResponse(f"Order {mine}")

    async def standing(self) -> str:
        return str(hash(tuple(self.rows.items())))

    def add(self, *names: str) -> None:
        self.rows = {**{name: f"Event {name}" for name in reversed(names)}, **self.rows}

    def drop(self, name: str) -> None:
        self.rows = {each: text for each, text in self.rows.items() if each != name}

    def cut(self) -> None:
        """Every open stream ends, as when a process is restarted."""
        ended, self.watchers = self.watchers, Watchers()
        ended.close()
