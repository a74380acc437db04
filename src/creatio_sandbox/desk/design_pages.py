"""The designer: elements, drawing, settings of the chosen one, problems. One form, no script.

Every button first keeps what was typed into the settings, then does its own deed. The drawing is
a draft until it is saved.
"""

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from creatio_sandbox import editing, offers
from creatio_sandbox.desk.design_form import (
    CONSTANT,
    EVENTS,
    SHORT_METHODS,
    SettingsReader,
    flat_rows,
)
from creatio_sandbox.desk.frame import Frame, MakeRoute
from creatio_sandbox.desk.library_pages import OPERATORS, row_said, signal_said
from creatio_sandbox.elements import START, ExclusiveGateway, all_elements, kind_of
from creatio_sandbox.failures import Missing
from creatio_sandbox.problems import Examiner
from creatio_sandbox.processes import Process
from creatio_sandbox.services import CONTENT_TYPES

CONDITIONS: Final = {
    "eq": "is",
    "ne": "is not",
    "gt": "is more than",
    "lt": "is less than",
    "filled": "is filled in",
    "empty": "is empty",
}
READABLE_FIRST: Final = ("Activity", "Case", "Contact", "Account")


@dataclass(frozen=True, slots=True)
class DesignPages:
    frame: Frame

    def routes(self, route: MakeRoute) -> list[Route]:
        return [
            route("/processes/{id}/design", self.show, "GET"),
            route("/processes/{id}/design", self.change, "POST"),
        ]

    def _open(self, request: Request) -> Process:
        """The draft, or what is saved, as a drawing."""
        library = self.frame.instance.library
        key = request.path_params["id"]
        found = library.draft(key) or library.one(key)
        if found is None:
            raise Missing("That process")
        return found.drawn()

    async def show(self, request: Request) -> Response:
        return self._designer(
            request, self._open(request), request.query_params.get("element", START)
        )

    async def change(self, request: Request) -> Response:
        process = self._open(request)
        instance = self.frame.instance
        form = await request.form()
        chosen = str(form.get("settings", START))
        refused = SettingsReader(process, instance.records, instance.services, form).read()
        deed, _, what = str(form.get("do", "apply")).partition(":")
        if deed == "discard":
            instance.library.drop_draft(process.id)
            there = "" if instance.library.one(process.id) else "/desk/processes"
            return self.frame.back(request, there or self._address(process))
        chosen = self._take(process, deed, what, chosen)
        instance.library.keep_draft(process)
        if deed == "save" and not refused:
            if not process.name:
                return self._designer(
                    request, process, chosen, ["Not saved: the process has no title yet."]
                )
            instance.library.save_draft(process.id)
        if refused:
            return self._designer(request, process, chosen, refused)
        return self._to(request, process, chosen)

    def _take(self, process: Process, deed: str, what: str, chosen: str) -> str:
        """Does what the button says; returns what is chosen from now on."""
        match deed:
            case "choose":
                return what
            case "add":
                return editing.add_after(process, chosen, what)
            case "up" | "down":
                editing.move(process, chosen, -1 if deed == "up" else 1)
            case "remove" if (what or chosen) != START:
                return editing.remove(process, what or chosen)
            case "flow":
                gateway = editing.element_of(process, chosen)
                if isinstance(gateway, ExclusiveGateway):
                    return editing.add_flow(process, gateway, default=False)
            case "mend" if what.isdigit():
                problems = self._examiner(process).all()
                if int(what) < len(problems) and (mend := problems[int(what)].mend):
                    mend()
                    return self._still_there(process, problems[int(what)].element)
            case "version" if what.isdigit():
                self._take_back(process, int(what))
                return START
            case _:
                pass
        return chosen

    def _take_back(self, process: Process, version: int) -> None:
        """An earlier version becomes the drawing; it runs when it is saved."""
        for earlier in self.frame.instance.library.versions(process.id):
            if earlier.version == version:
                for name, value in msgspec.structs.asdict(earlier.drawn()).items():
                    if name not in {"id", "version", "saved", "active"}:
                        setattr(process, name, value)

    def _still_there(self, process: Process, id: str) -> str:
        is_here = editing.element_of(process, id) or editing.flow_of(process, id)
        return id if is_here else START

    # --- drawing --------------------------------------------------------------------------

    def _address(self, process: Process) -> str:
        return f"/desk/processes/{process.id}/design"

    def _to(self, request: Request, process: Process, chosen: str) -> Response:
        """Kept links come back by `back`; the chosen element is part of the address."""
        answer = self.frame.back(request, self._address(process))
        where = answer.headers["location"]
        glue = "&" if "?" in where else "?"
        answer.headers["location"] = f"{where}{glue}{urlencode({'element': chosen})}"
        return answer

    def _examiner(self, process: Process) -> Examiner:
        return Examiner(process, self.frame.instance.records, self.frame.instance.services)

    def _designer(
        self, request: Request, process: Process, chosen: str, refused: list[str] | None = None
    ) -> Response:
        instance = self.frame.instance
        library = instance.library
        element = editing.element_of(process, chosen)
        flow = editing.flow_of(process, chosen)
        if element is None and flow is None:
            chosen = START
        problems = self._examiner(process).all()
        saved = library.one(process.id)
        order = [each.id for each in all_elements(process.elements)]
        return self.frame.page(
            "design.html",
            request,
            422 if refused else 200,
            process=process,
            saved=saved,
            is_draft=library.draft(process.id) is not None,
            versions=library.versions(process.id),
            last=next(iter(instance.log.newest(1, process=process.id)), None),
            chosen=chosen,
            element=element,
            flow=flow,
            kind=kind_of(element) if element else "flow" if flow else START,
            position=order.index(chosen) + 2 if chosen in order else 1,
            count=len(order) + 1,
            problems=problems,
            faulty={problem.element for problem in problems},
            refused=refused or [],
            signal=signal_said(process),
            **self._choices(process, chosen),
            **self._services(element),
        )

    def _choices(self, process: Process, chosen: str) -> dict[str, Any]:
        """What the settings offer to pick from."""
        records = self.frame.instance.records
        earlier = offers.results_before(process, records, chosen)
        rest = sorted(name for name in records.known if name not in READABLE_FIRST)
        return {
            "records": records,
            "offers": offers,
            "kind_of": kind_of,
            "constant": CONSTANT,
            "events": EVENTS,
            "operators": OPERATORS,
            "conditions": CONDITIONS,
            "short_methods": SHORT_METHODS,
            "content_types": CONTENT_TYPES,
            "entities": [*READABLE_FIRST, *rest],
            "earlier": [(group, list(each)) for group, each in offers.grouped(earlier)],
            "marks": offers.marks(process, records, chosen),
            "rows": flat_rows(process.filters),
            "row_said": lambda row: row_said(records, process.object, row),
            "columns": offers.columns(records.known[process.object]),
            "paths": [offers.path_caption(p) for p in offers.paths(records, process.object)],
        }

    def _services(self, element: object) -> dict[str, Any]:
        services = self.frame.instance.services
        service = services.one(getattr(element, "service", "") or "")
        method = service.method(getattr(element, "method", "")) if service else None
        return {"services": services.all(), "service": service, "method": method}
