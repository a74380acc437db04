"""Web services: registered ones, their methods, and a test request of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from creatio_sandbox.bundles import Bundle, text_of
from creatio_sandbox.calling import succeeded
from creatio_sandbox.desk.frame import Frame, MakeRoute
from creatio_sandbox.desk.service_form import (
    PLACES,
    REQUEST_TYPES,
    TYPES,
    read_method,
    read_service,
)
from creatio_sandbox.elements import CallWebService, all_elements
from creatio_sandbox.failures import Missing
from creatio_sandbox.services import CONTENT_TYPES, Method, WebService, request_of

SPARE_ROWS: Final = 2
NEW: Final = "new"


@dataclass(frozen=True, slots=True)
class ServicePages:
    frame: Frame

    def routes(self, route: MakeRoute) -> list[Route]:
        at = "/web-services"
        return [
            route(at, self.show_all, "GET"),
            route(f"{at}/{{code}}", self.show, "GET"),
            route(f"{at}/{{code}}", self.keep, "POST"),
            route(f"{at}/{{code}}/delete", self.delete, "POST"),
            route(f"{at}/{{code}}/export", self.export, "GET"),
            route(f"{at}/{{code}}/methods/{{method}}", self.show_method, "GET"),
            route(f"{at}/{{code}}/methods/{{method}}", self.keep_method, "POST"),
        ]

    async def show_all(self, request: Request) -> Response:
        instance = self.frame.instance
        users: dict[str, list[str]] = {}
        for process in instance.library.all():
            for element in all_elements(process.elements):
                if isinstance(element, CallWebService) and element.service:
                    users.setdefault(element.service, []).append(process.name)
        return self.frame.page(
            "services.html", request, services=instance.services.all(), users=users
        )

    # --- one service ----------------------------------------------------------------------

    async def show(self, request: Request) -> Response:
        if request.path_params["code"] == NEW:
            return self._service(request, WebService(code="", name="", uri=""), is_new=True)
        return self._service(request, self._known(request), is_new=False)

    def _service(
        self,
        request: Request,
        service: WebService,
        *,
        is_new: bool,
        problems: Mapping[str, str] | None = None,
    ) -> Response:
        return self.frame.page(
            "service.html",
            request,
            422 if problems else 200,
            service=service,
            is_new=is_new,
            problems=problems or {},
        )

    async def keep(self, request: Request) -> Response:
        is_new = request.path_params["code"] == NEW
        known = None if is_new else self._known(request)
        service, problems = read_service(await _form(request), known)
        services = self.frame.instance.services
        if is_new and "code" not in problems and services.one(service.code):
            problems["code"] = f"There is a web service {service.code} already."
        if problems:
            return self._service(request, service, is_new=is_new, problems=problems)
        services.keep(service)
        # A fresh service can do nothing yet: its first method is the next step.
        there = f"/desk/web-services/{service.code}"
        return self.frame.back(request, f"{there}/methods/{NEW}" if is_new else there)

    async def delete(self, request: Request) -> Response:
        self.frame.instance.services.remove(self._known(request).code)
        return self.frame.back(request, "/desk/web-services")

    async def export(self, request: Request) -> Response:
        known = self._known(request)
        return Response(
            text_of(Bundle(services=[known])),
            media_type="application/json",
            headers={"Content-Disposition": f'attachment; filename="{known.code}.json"'},
        )

    # --- one method -----------------------------------------------------------------------

    async def show_method(self, request: Request) -> Response:
        service = self._known(request)
        code = request.path_params["method"]
        method = Method(code="") if code == NEW else service.method(code)
        if method is None:
            raise Missing(f"The method {code} of {service.name}")
        return self._method(request, service, method)

    def _method(
        self, request: Request, service: WebService, method: Method, **more: Any
    ) -> Response:
        values: dict[str, Any] = {
            "problems": {},
            "told": [],
            "sent": None,
            "attempts": [],
            "given": {},
            **more,
        }
        return self.frame.page(
            "method.html",
            request,
            422 if values["problems"] else 200,
            service=service,
            method=method,
            is_new=request.path_params["method"] == NEW,
            complete=service.complete_address(method),
            places=PLACES,
            types=TYPES,
            request_types=REQUEST_TYPES,
            content_types=CONTENT_TYPES,
            spare=SPARE_ROWS,
            **values,
        )

    async def keep_method(self, request: Request) -> Response:
        """Saves, then does what the button says: stay, leave, drop a row, send, remove."""
        service = self._known(request)
        code = request.path_params["method"]
        form = await _form(request)
        deed = form.get("do", "save")
        known = None if code == NEW else service.method(code)
        others = [each for each in service.methods if each.code != code]
        if deed == "remove":
            self.frame.instance.services.keep(msgspec.structs.replace(service, methods=others))
            return self.frame.back(request, f"/desk/web-services/{service.code}")
        method, problems, told = read_method(form, service, known)
        if problems or deed == "fields":
            return self._method(request, service, method, problems=problems, told=told)
        methods = [method if each.code == code else each for each in service.methods]
        service.methods = methods if known else [*methods, method]
        self.frame.instance.services.keep(service)
        there = f"/desk/web-services/{service.code}/methods/{method.code}"
        if deed == "test" and known:
            return await self._test(request, service, method, form)
        if "drop" in form or deed == "more":
            return self.frame.back(request, there)
        return self.frame.back(request, f"/desk/web-services/{service.code}")

    async def _test(
        self, request: Request, service: WebService, method: Method, form: Mapping[str, str]
    ) -> Response:
        """What a process would send, with these values, and what comes back."""
        given = {each.code: form.get(f"t.{each.code}", each.default) for each in method.parameters}
        sent = request_of(service, method, given)
        attempts = [attempt async for attempt in self.frame.instance.engine.line.attempts(sent)]
        return self._method(
            request,
            service,
            method,
            sent=sent,
            body=sent.body.decode("utf-8", "replace"),
            attempts=attempts,
            answered=succeeded(attempts[-1]),
            given=given,
        )

    def _known(self, request: Request) -> WebService:
        known = self.frame.instance.services.one(request.path_params["code"])
        if known is None:
            raise Missing("That web service")
        return known


async def _form(request: Request) -> dict[str, str]:
    return {name: str(value) for name, value in (await request.form()).items()}
