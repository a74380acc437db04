"""The cases: the list beside the case, what a person writes on it, its files."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from creatio_sandbox.acts import Desk
from creatio_sandbox.casebook import MANY, NOBODY, case_list, open_cases, whole_case
from creatio_sandbox.desk.frame import Frame, MakeRoute
from creatio_sandbox.desk.timeline import timeline
from creatio_sandbox.failures import Missing

AT_MOST: Final = 200
HELD: Final = ("CaseFile", "ActivityFile")
FILE: Final = "file"


@dataclass(frozen=True, slots=True)
class CasePages:
    frame: Frame

    def routes(self, route: MakeRoute) -> list[Route]:
        return [
            route("", self.cases, "GET"),
            route("/", self.cases, "GET"),
            route("/cases/{id}", self.case, "GET"),
            route("/cases/{id}/entry", self.write_entry, "POST"),
            route("/cases/{id}/status", self.set_status, "POST"),
            route("/cases/{id}/owner", self.assign, "POST"),
            route("/files/{entity}/{id}", self.file, "GET"),
        ]

    async def cases(self, request: Request) -> Response:
        return self.frame.page("case.html", request, **self._list(request), whole=None)

    async def case(self, request: Request) -> Response:
        return self._shown(request)

    async def write_entry(self, request: Request) -> Response:
        case = _case_of(request)
        async with request.form() as form:
            kind = str(form.get("kind", "task"))
            text = str(form.get("text", "")).replace("\r\n", "\n").strip()
            files = await _files_of(form)
            if not (files if kind == FILE else text):
                return self._shown(request, 422, empty=kind)
            desk = self._desk(request)
            with self.frame.instance.records.transaction():  # the reply and its files together
                activity = self._write(desk, case, kind, text, form)
                for name, content in files:
                    desk.attach(case, name, content, activity=activity)
        return self.frame.back(request, f"/desk/cases/{case}")

    def _write(
        self, desk: Desk, case: str, kind: str, text: str, form: Mapping[str, Any]
    ) -> str | None:
        """The activity that files may hang on; None where they are the case's own."""
        match kind:
            case "email":
                return desk.write_email(case, text, to=str(form.get("to", "")).strip() or None)
            case "note":
                desk.note(case, text)
                return None
            case "file":
                return None
            case _:
                return desk.write_task(case, text, finished="later" not in form)

    async def set_status(self, request: Request) -> Response:
        case = _case_of(request)
        self._desk(request).set_status(case, str((await request.form()).get("status", "")))
        return self.frame.back(request, f"/desk/cases/{case}")

    async def assign(self, request: Request) -> Response:
        """To the one who asks, unless the form names another, or nobody."""
        case = _case_of(request)
        owner = str((await request.form()).get("owner", "")) or self._me(request)
        if owner != NOBODY and self.frame.instance.people.with_contact(owner) is None:
            raise Missing("That person")
        self._desk(request).assign(case, None if owner == NOBODY else owner)
        return self.frame.back(request, f"/desk/cases/{case}")

    async def file(self, request: Request) -> Response:
        entity, key = request.path_params["entity"], request.path_params["id"].lower()
        records = self.frame.instance.records
        row = records.row(entity, key) if entity in HELD else None
        if row is None:
            raise Missing("That file")
        content = records.database.one(
            'SELECT bytes FROM _streams WHERE entity = ? AND id = ? AND "column" = ?',
            (entity, key, "Data"),
        )
        headers = {
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(row['Name'])}",
            "X-Content-Type-Options": "nosniff",
        }
        held = bytes(content[0]) if content else b""
        return Response(held, 200, headers, "application/octet-stream")

    def _shown(self, request: Request, status: int = 200, *, empty: str = "") -> Response:
        there = {**self._list(request), **self._whole(request), "empty": empty}
        return self.frame.page("case.html", request, status, **there)

    def _list(self, request: Request) -> dict[str, Any]:
        asked, records, me = request.query_params, self.frame.instance.records, self._me(request)
        search = asked.get("q", "")
        whose = asked.get("whose", "")
        status = asked.get("status", "open" if "q" not in asked else "")
        found = case_list(
            records,
            search=search,
            status="" if status == "all" else status,
            owner={"mine": me, NOBODY: NOBODY}.get(whose, ""),
            limit=AT_MOST,
        )
        return {
            "found": found,
            "search": search,
            "chosen_status": status,
            "whose": whose,
            "my_open": open_cases(records, me),
            "unassigned": open_cases(records, NOBODY),
            "many": MANY,
            "at_most": AT_MOST,
        }

    def _whole(self, request: Request) -> dict[str, Any]:
        instance, case = self.frame.instance, _case_of(request)
        whole = whole_case(instance.records, case)
        me = self._me(request)
        return {
            "whole": whole,
            "case": whole["case"],
            "contact": instance.records.row("Contact", whole["case"]["ContactId"]),
            "entries": timeline(whole, me),
            "runs": instance.log.newest(5, case=case),
            "people": instance.people.all(),
            "my_contact": me,
            "nobody": NOBODY,
        }

    def _me(self, request: Request) -> str:
        return self.frame.person(request).author.contact

    def _desk(self, request: Request) -> Desk:
        return Desk(self.frame.instance.records, self.frame.person(request).author)


def _case_of(request: Request) -> str:
    return str(request.path_params["id"]).lower()


async def _files_of(form: FormData) -> list[tuple[str, bytes]]:
    """A browser sends a field that holds no file as one without a name."""
    sent = [each for each in form.getlist(FILE) if isinstance(each, UploadFile) and each.filename]
    return [(str(each.filename), await each.read()) for each in sent]
