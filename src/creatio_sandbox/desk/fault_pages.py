"""The weather as a form, for people. It works without JavaScript."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from creatio_sandbox.desk.frame import Frame, MakeRoute
from creatio_sandbox.faults import BadFault
from creatio_sandbox.faults_form import groups, read_form


@dataclass(frozen=True, slots=True)
class FaultPages:
    frame: Frame

    def routes(self, route: MakeRoute) -> list[Route]:
        return [route("/faults", self.show, "GET"), route("/faults", self.keep, "POST")]

    async def show(self, request: Request) -> Response:
        return self._page(request)

    async def keep(self, request: Request) -> Response:
        """Replaces all, like PUT /sandbox/faults."""
        form = parse_qs((await request.body()).decode("utf-8", "replace"))
        try:
            self.frame.instance.change_faults(read_form(form))
        except BadFault as failure:
            return self._page(request, typed=form, problem=str(failure))
        return self.frame.back(request, "/desk/faults")

    def _page(
        self,
        request: Request,
        *,
        typed: Mapping[str, Sequence[str]] | None = None,
        problem: str = "",
    ) -> Response:
        """With a problem what was typed stays in its fields."""
        shown = groups(self.frame.instance.weather.faults, typed)
        status = 400 if problem else 200
        return self.frame.page("faults.html", request, status, groups=shown, problem=problem)
