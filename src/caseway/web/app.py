"""The HTTP side of one process: every route, and what stands before it."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Final

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from caseway.web import assets, failures, health
from caseway.web.api import conversations, description, events
from caseway.web.bodies import WholeBodies
from caseway.web.callers import Callers, Network
from caseway.web.dashboard import frame, rooms
from caseway.web.demo.routes import ASSETS, Demo
from caseway.web.metrics import WebCounts
from caseway.web.parts import Parts
from caseway.web.receiver.receiver import PATH, Receiver
from caseway.web.receiver.refusals import Refusals
from caseway.web.security import KnownHosts, OwnForms, SecurityHeaders
from caseway.web.widget.routes import Widget, script_route
from caseway.web.widget.watching import Watchers

STYLES: Final = ("caseway.css", "docs.css", "theme.js")
BODY_LIMIT_BYTES: Final = 512 * 1024  # a text of 32,000 characters, each escaped twice over


class Web:
    """The ASGI application. The webhook's calls pass by everything that pages need."""

    def __init__(
        self, pages: ASGIApp, receiver: Receiver, watchers: Watchers, callers: Callers
    ) -> None:
        self._callers = callers
        self._pages = failures.Root(pages)
        self._receiver = receiver
        self._watchers = watchers

    def close_streams(self) -> None:
        """Before the server waits for its last connections: streams never end by themselves."""
        self._watchers.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self._callers.tell(scope)
        if scope["type"] == "http" and is_webhook(scope["path"]):
            await self._receiver(scope, receive, send)
        else:
            await self._pages(scope, receive, send)


def is_webhook(path: str) -> bool:
    return path.startswith(PATH) and path[len(PATH) : len(PATH) + 1] in {"", "/"}


def build(parts: Parts, *, hosts: Iterable[str], proxies: Iterable[Network] = ()) -> Web:
    """`hosts`: the names we answer to, without ports; `proxies`: who may say who calls."""
    refusals = Refusals(parts.refusals, lambda: parts.now().date())
    receiver = Receiver(
        events=parts.events, directory=parts.directory, refusals=refusals, now=parts.now
    )

    watchers = Watchers()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as tasks:
            duties = [
                tasks.create_task(refusals.run()),
                tasks.create_task(parts.wakes.follow(watchers.wake)),
            ]
            yield
            for duty in duties:
                duty.cancel()

    app = FastAPI(
        title=description.TITLE,
        openapi_url=description.OPENAPI_PATH,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.parts = parts
    app.state.watchers = watchers
    app.openapi = lambda: description.describe(app)  # type: ignore[method-assign] # FastAPI's way
    app.include_router(conversations.routes)
    app.include_router(events.routes)
    app.router.routes.extend(health.routes)
    app.router.routes.extend(description.routes)
    app.router.routes.extend(Widget(parts, watchers).routes())
    app.router.routes.append(script_route())
    app.router.routes.extend(assets.routes(STYLES))
    app.router.routes.extend(assets.routes([*frame.OWN_ASSETS, *frame.BUILT_ASSETS]))
    app.router.routes.extend(rooms.routes(parts))
    if parts.demo is not None:
        app.router.routes.extend(Demo(parts, parts.demo, watchers).routes())
        app.router.routes.extend(assets.routes(ASSETS))
    failures.install(app)
    app.add_middleware(failures.Root)
    parts.metrics.register(WebCounts(receiver.tally, lambda: watchers.streams))
    bounded = WholeBodies(app, limit_bytes=BODY_LIMIT_BYTES)
    return Web(
        SecurityHeaders(KnownHosts(OwnForms(bounded), hosts)), receiver, watchers, Callers(proxies)
    )
