"""The whole of it as one ASGI application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from creatio_sandbox.admin import Admin
from creatio_sandbox.creatio_api import CreatioApi
from creatio_sandbox.desk.card_pages import VIEW_MODULES
from creatio_sandbox.desk.pages import Pages
from creatio_sandbox.instance import PREFIXES, Instance
from creatio_sandbox.wire import Wires

PEOPLES: Final = ("/desk", "/sandbox/", *VIEW_MODULES)


@dataclass(frozen=True, slots=True)
class Front:
    """Sends a call to its room. Programs come most often: no list of routes stands before them."""

    pages: ASGIApp
    api: ASGIApp
    identity: ASGIApp
    identity_port: int | None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        room = self.pages
        if scope["type"] == "http":
            if self.identity_port is not None and scope["server"][1] == self.identity_port:
                room = self.identity
            elif not scope["path"].startswith(PEOPLES):
                room = self.api
        await room(scope, receive, send)


def make_app(instance: Instance, wires: Wires, identity_port: int | None = None) -> ASGIApp:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        del app
        async with instance.engine:
            yield
            instance.feed.close()

    def api(*, identity_alone: bool = False) -> CreatioApi:
        return CreatioApi(
            records=instance.records,
            resources=instance.resources,
            identity=instance.identity,
            weather=instance.weather,
            clock=instance.clock,
            prefixes=PREFIXES[instance.plan.platform],
            hang_up=wires.hang_up,
            identity_alone=identity_alone,
        )

    routes = [*Admin(instance).routes(), *Pages(instance).routes()]
    pages = Starlette(routes=routes, lifespan=lifespan)
    return Front(pages, api(), api(identity_alone=True), identity_port)
