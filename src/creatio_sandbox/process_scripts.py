"""/sandbox/*: running processes by hand, web services, export and import, for scripts."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from creatio_sandbox.bundles import bundle_of, take_in
from creatio_sandbox.failures import Missing
from creatio_sandbox.instance import Instance
from creatio_sandbox.services import WebService


class Record(msgspec.Struct, forbid_unknown_fields=True):
    record: str


def _reply(body: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(body), status, media_type="application/json")


@dataclass(frozen=True, slots=True)
class ProcessScripts:
    instance: Instance

    def routes(self, route: Callable[..., Route]) -> list[Route]:
        return [
            route("processes/{id}/run", self.run_by_hand, "POST"),
            route("services", self.services, "GET", "POST"),
            route("services/{code}", self.service, "GET", "PUT", "DELETE"),
            route("export", self.export, "GET"),
            route("import", self.take_in, "POST"),
        ]

    async def run_by_hand(self, request: Request) -> Response:
        known = self.instance.library.one(request.path_params["id"])
        if known is None:
            raise Missing(f"There is no process '{request.path_params['id']}'.")
        asked = msgspec.json.decode(await request.body(), type=Record)
        by = self.instance.identity.credentials.user
        return _reply(self.instance.engine.run_by_hand(known, asked.record, by=by), 201)

    async def services(self, request: Request) -> Response:
        if request.method == "GET":
            return _reply(self.instance.services.all())
        service = msgspec.json.decode(await request.body(), type=WebService)
        return _reply(self.instance.services.keep(service), 201)

    async def service(self, request: Request) -> Response:
        code = request.path_params["code"]
        services = self.instance.services
        known = services.one(code)
        if known is None:
            raise Missing(f"There is no web service '{code}'.")
        if request.method == "DELETE":
            services.remove(code)
            return Response(status_code=204)
        if request.method == "PUT":
            given = msgspec.json.decode(await request.body(), type=dict[str, Any])
            whole = msgspec.to_builtins(known) | given | {"code": code}
            known = services.keep(msgspec.convert(whole, WebService))
        return _reply(known)

    async def export(self, request: Request) -> Response:
        del request
        text = bundle_of(self.instance.library.all(), self.instance.services)
        return Response(text, media_type="application/json")

    async def take_in(self, request: Request) -> Response:
        text = await request.body()
        return _reply(take_in(text, self.instance.library, self.instance.services), 201)
