"""The process log: every run, and of one run every element."""

from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from creatio_sandbox.desk.frame import Frame, MakeRoute
from creatio_sandbox.failures import Missing
from creatio_sandbox.runs import STATUSES, Run

SHOWN: Final = 200


@dataclass(frozen=True, slots=True)
class LogPages:
    frame: Frame

    def routes(self, route: MakeRoute) -> list[Route]:
        return [
            route("/log", self.show, "GET"),
            route("/log/{id}", self.show_run, "GET"),
            route("/log/{id}/cancel", self.cancel, "POST"),
        ]

    async def show(self, request: Request) -> Response:
        instance = self.frame.instance
        asked = request.query_params
        status = asked.get("state", "")
        process = asked.get("process", "")
        return self.frame.page(
            "log.html",
            request,
            runs=instance.log.newest(
                SHOWN, process=process, status=status if status in STATUSES else None
            ),
            statuses=STATUSES,
            chosen_state=status,
            processes=instance.library.all(),
            chosen_process=process,
            at_most=SHOWN,
        )

    async def show_run(self, request: Request) -> Response:
        return self.frame.page("run.html", request, run=self._known(request))

    async def cancel(self, request: Request) -> Response:
        run = self._known(request)
        instance = self.frame.instance
        if run.status == "Running":
            instance.engine.cancel(run, by=self.frame.person(request).name)
        return self.frame.back(request, f"/desk/log/{run.id}")

    def _known(self, request: Request) -> Run:
        found = self.frame.instance.log.one(request.path_params["id"])
        if found is None:
            raise Missing("That run")
        return found
