"""The whole of it as one ASGI application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.routing import Mount

from creatio_sandbox.admin import Admin
from creatio_sandbox.creatio_api import CreatioApi
from creatio_sandbox.desk.pages import Pages
from creatio_sandbox.instance import PREFIXES, Instance
from creatio_sandbox.wire import Wires


def make_app(instance: Instance, wires: Wires) -> Starlette:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        del app
        async with instance.engine:
            yield
            instance.feed.close()

    api = CreatioApi(
        records=instance.records,
        resources=instance.resources,
        identity=instance.identity,
        weather=instance.weather,
        clock=instance.clock,
        prefixes=PREFIXES[instance.plan.platform],
        hang_up=wires.hang_up,
    )
    routes = [*Admin(instance).routes(), *Pages(instance).routes(), Mount("/", api)]
    return Starlette(routes=routes, lifespan=lifespan)
