"""The process library: what runs, since when, how often; by hand, copies, export and import."""

import re
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

import msgspec
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from creatio_sandbox.bundles import bundle_of, take_in
from creatio_sandbox.clock import stamp
from creatio_sandbox.desk.frame import Frame, MakeRoute
from creatio_sandbox.elements import CallWebService, all_elements
from creatio_sandbox.failures import Malformed, Missing
from creatio_sandbox.offers import caption, column_at, name_of, path_caption
from creatio_sandbox.processes import Process, fresh_process
from creatio_sandbox.records import Records
from creatio_sandbox.runs import Today
from creatio_sandbox.signals import FilterRow

RECENT: Final = 12
OPERATORS: Final = {
    "eq": "=",
    "ne": "is not",
    "filled": "is filled in",
    "empty": "is empty",
    "contains": "contains",
}


def signal_said(process: Process) -> str:
    """The start in a line."""
    said = f"{process.object} {' or '.join(process.events) or 'never'}"
    if "modified" in process.events and process.columns:
        said += f", change of {', '.join(caption(column) for column in process.columns)}"
    return said


def row_said(records: Records, entity: str, row: FilterRow) -> str:
    """A filter row in words: `Type = Task or Email`."""
    if row.any:
        return " or ".join(row_said(records, entity, each) for each in row.any)
    words = f"{path_caption(row.column)} {OPERATORS[row.operator]}"
    if row.operator in {"filled", "empty"}:
        return words
    column = column_at(records, entity, row.column)
    values = row.value if isinstance(row.value, list) else [row.value]
    return f"{words} {' or '.join(name_of(records, column, value) for value in values) or '…'}"


@dataclass(frozen=True, slots=True)
class LibraryPages:
    frame: Frame

    def routes(self, route: MakeRoute) -> list[Route]:
        return [
            route("/processes", self.show, "GET"),
            route("/processes", self.add, "POST"),
            route("/processes/import", self.take_in, "POST"),
            route("/processes/{id}/active", self.switch, "POST"),
            route("/processes/{id}/run", self.ask_record, "GET"),
            route("/processes/{id}/run", self.run, "POST"),
            route("/processes/{id}/copy", self.copy, "POST"),
            route("/processes/{id}/export", self.export, "GET"),
            route("/processes/{id}/delete", self.ask_delete, "GET"),
            route("/processes/{id}/delete", self.delete, "POST"),
        ]

    async def show(self, request: Request) -> Response:
        return self._library(request)

    def _library(self, request: Request, status: int = 200, **more: object) -> Response:
        instance = self.frame.instance
        now = instance.clock.now()
        today = instance.log.since(stamp(now.replace(hour=0, minute=0, second=0, microsecond=0)))
        saved = instance.library.all()
        rows = [
            {
                "process": process,
                "signal": signal_said(process),
                "rows": [
                    row_said(instance.records, process.object, row) for row in process.filters
                ],
                "calls": self._calls(process),
                "last": next(iter(instance.log.newest(1, process=process.id)), None),
                "today": today.get(process.id, Today()),
                "draft": instance.library.draft(process.id) is not None,
            }
            for process in saved
        ]
        known = {process.id for process in saved}
        unsaved = [draft for draft in instance.library.drafts() if draft.id not in known]
        told = {"problem": "", "told": request.query_params.get("told", ""), **more}
        return self.frame.page(
            "processes.html", request, status, rows=rows, unsaved=unsaved, **told
        )

    def _calls(self, process: Process) -> list[str]:
        if process.call is not None:
            return [f"{process.call.method} {process.call.url}"]
        calls = [e for e in all_elements(process.elements) if isinstance(e, CallWebService)]
        return [
            f"{each.short.method} {each.short.url}"
            if each.short
            else f"{each.service or 'nothing chosen'} {each.method}".strip()
            for each in calls
        ]

    async def add(self, request: Request) -> Response:
        draft = fresh_process(str(uuid4()))
        self.frame.instance.library.keep_draft(draft)
        return self.frame.back(request, f"/desk/processes/{draft.id}/design")

    async def switch(self, request: Request) -> Response:
        known = self._known(request)
        known.active = "active" in await request.form()
        self.frame.instance.library.keep(known)
        return self.frame.back(request, "/desk/processes")

    # --- by hand --------------------------------------------------------------------------

    async def ask_record(self, request: Request) -> Response:
        return self._asking(request, self._known(request))

    def _asking(
        self, request: Request, process: Process, status: int = 200, problem: str = ""
    ) -> Response:
        words = {"Case": ("Number", "Subject"), "Activity": ("Title", "Title")}[process.object]
        recent = self.frame.instance.database.all(
            f'SELECT "Id", "{words[0]}", "{words[1]}" FROM "{process.object}"'
            ' ORDER BY "CreatedOn" DESC LIMIT ?',
            (RECENT,),
        )
        return self.frame.page(
            "run_by_hand.html", request, status, process=process, recent=recent, problem=problem
        )

    async def run(self, request: Request) -> Response:
        process = self._known(request)
        form = await request.form()
        record = str(form.get("record", "")).strip() or str(form.get("picked", ""))
        instance = self.frame.instance
        try:
            run = instance.engine.run_by_hand(process, record, by=self.frame.person(request).name)
        except Missing:
            problem = (
                f"There is no {process.object.lower()} with the id “{record}”."
                if record
                else "Pick a record, or paste the id of one."
            )
            return self._asking(request, process, 422, problem)
        return self.frame.back(request, f"/desk/log/{run.id}")

    # --- copies ---------------------------------------------------------------------------

    async def copy(self, request: Request) -> Response:
        """A draft of its own, not active until somebody saves it so."""
        known = self._known(request)
        copy = msgspec.structs.replace(
            known.drawn(), id=str(uuid4()), name=f"{known.name} (copy)", active=False, version=1
        )
        self.frame.instance.library.keep(copy)
        return self.frame.back(request, f"/desk/processes/{copy.id}/design")

    async def export(self, request: Request) -> Response:
        known = self._known(request)
        name = re.sub(r"[^a-z0-9]+", "-", known.name.lower()).strip("-") or "process"
        return Response(
            bundle_of([known], self.frame.instance.services),
            media_type="application/json",
            headers={"Content-Disposition": f'attachment; filename="{name}.json"'},
        )

    async def take_in(self, request: Request) -> Response:
        form = await request.form()
        file = form.get("file")
        text = await file.read() if isinstance(file, UploadFile) else b""
        text = text or str(form.get("text", "")).encode()
        instance = self.frame.instance
        try:
            taken = take_in(text, instance.library, instance.services)
        except Malformed as failure:
            return self._library(request, 422, problem=str(failure))
        told = f"Imported: {', '.join((*taken.processes, *taken.services))}."
        if taken.kept:
            told += f" Known already and left as they are: {', '.join(taken.kept)}."
        return self._library(request, told=told)

    async def ask_delete(self, request: Request) -> Response:
        known = self._known(request)
        runs = len(self.frame.instance.log.newest(1000, process=known.id))
        return self.frame.page("delete_process.html", request, process=known, runs=runs)

    async def delete(self, request: Request) -> Response:
        if not self.frame.instance.library.remove(request.path_params["id"]):
            raise Missing("That process")
        return self.frame.back(request, "/desk/processes")

    def _known(self, request: Request) -> Process:
        known = self.frame.instance.library.one(request.path_params["id"])
        if known is None:
            raise Missing("That process")
        return known
