"""Reads the settings of the chosen element out of the designer's form, into the drawing."""

import re
from dataclasses import dataclass
from typing import Any, Final, get_args

from starlette.datastructures import FormData

from creatio_sandbox.editing import element_of, flow_of, gateway_of, make_default
from creatio_sandbox.elements import (
    START,
    CallWebService,
    Condition,
    ExclusiveGateway,
    Flow,
    ReadData,
    Source,
    Terminate,
)
from creatio_sandbox.offers import column_at, lookup_values, nearest, path_from
from creatio_sandbox.processes import Process
from creatio_sandbox.records import Records
from creatio_sandbox.services import ServiceBook
from creatio_sandbox.shortform import WebServiceCall
from creatio_sandbox.signals import FilterRow, Operator
from creatio_sandbox.values import GUID

CONSTANT: Final = "constant"
OPERATORS: Final[tuple[Operator, ...]] = get_args(Operator)
EVENTS: Final = ("added", "modified", "deleted")
SHORT_METHODS: Final = ("POST", "PUT", "PATCH")
ROW: Final = re.compile(r"f(\d+)\.column")


def flat_rows(filters: list[FilterRow]) -> list[tuple[bool, FilterRow]]:
    """Row by row; whether it is an `or` to the one above."""
    rows: list[tuple[bool, FilterRow]] = []
    for row in filters:
        rows += [(number > 0, each) for number, each in enumerate(row.any or [row])]
    return rows


def grouped_rows(rows: list[tuple[bool, FilterRow]]) -> list[FilterRow]:
    groups: list[list[FilterRow]] = []
    for is_or, row in rows:
        if is_or and groups:
            groups[-1].append(row)
        else:
            groups.append([row])
    return [group[0] if len(group) == 1 else FilterRow(any=group) for group in groups]


@dataclass(frozen=True, slots=True)
class SettingsReader:
    process: Process
    records: Records
    services: ServiceBook
    form: FormData

    def read(self) -> list[str]:
        """Changes the drawing; returns what could not be taken, in words."""
        process, form = self.process, self.form
        process.name = self._text("name") or process.name * ("name" not in form)
        process.active = "active" in form
        chosen = self._text("settings")
        if chosen == START:
            return self._signal()
        if (flow := flow_of(process, chosen)) is not None:
            self._flow(flow)
            return []
        match element_of(process, chosen):
            case ReadData() as element:
                element.title = self._text("title") or element.title
                self._read_data(element)
            case CallWebService() as element:
                element.title = self._text("title") or element.title
                return self._call(element)
            case ExclusiveGateway() | Terminate() as element:
                element.title = self._text("title") or element.title
            case None:
                pass
        return []

    def _text(self, name: str) -> str:
        return str(self.form.get(name, "")).replace("\r\n", "\n").strip()

    def _many(self, name: str) -> list[str]:
        return [str(value) for value in self.form.getlist(name) if str(value)]

    def _source(self, name: str) -> Source:
        picked, _, column = self._text(f"{name}.from").partition(".")
        if picked and picked != CONSTANT:
            return Source(element=picked, column=column)
        return Source(value=self._text(f"{name}.constant") or None)

    # --- the signal -----------------------------------------------------------------------

    def _signal(self) -> list[str]:
        process = self.process
        wanted: Any = self._text("object")
        process.failed_call_ends = "failed_call_ends" in self.form
        process.events = [event for event in EVENTS if event in self._many("event")]
        if wanted in {"Activity", "Case"} and wanted != process.object:
            process.object = wanted
            process.columns, process.filters = [], []
            return ["The rows of the other object were left out: it has other columns."]
        known = self.records.known[process.object].columns
        process.columns = [column for column in self._many("expect") if column in known]
        problems: list[str] = []
        rows: list[tuple[bool, FilterRow]] = []
        lost_head = False
        for number in self._row_numbers():
            typed = self._text(f"f{number}.column")
            is_or = self._text(f"f{number}.join") == "or" and not lost_head
            if not typed or self._text("do") == f"drop:{number}":
                lost_head = not is_or  # its followers must not join the row before it
                continue
            lost_head = False
            path = path_from(self.records, process.object, typed)
            if path is None:
                near = nearest(self.records, process.object, typed)
                hint = f" Did you mean “{near}”?" if near else ""
                problems.append(f"{process.object} has no column “{typed}”.{hint}")
                continue
            row = self._row(number, path)
            rows.append((is_or, row))
        process.filters = grouped_rows(rows)
        return problems

    def _row_numbers(self) -> list[int]:
        return sorted(int(found[1]) for name in self.form if (found := ROW.fullmatch(name)))

    def _row(self, number: int, path: str) -> FilterRow:
        operator: Any = self._text(f"f{number}.operator")
        operator = operator if operator in OPERATORS else "eq"
        row = FilterRow(path, operator)
        if operator in {"filled", "empty"}:
            return row
        given = self._many(f"f{number}.value")
        column = column_at(self.records, self.process.object, path)
        # Values of another column do not fit: the row was changed.
        if self._text(f"f{number}.was") not in {"", path}:
            given = []
        if column is None:
            return row
        match column.kind:
            case "bool":
                row.value = int(given[0] == "1") if given and given[0] in {"0", "1"} else None
            case "int":
                row.value = int(given[0]) if given and given[0].lstrip("-").isdigit() else None
            case "guid":
                listed = lookup_values(self.records, column)
                by_name = {name.casefold(): key for key, name in listed or []}
                ids = [by_name.get(value.strip().casefold(), value.strip()) for value in given]
                row.value = [key.lower() for key in ids if GUID.fullmatch(key)]
            case _:
                row.value = given[0].strip() if given else ""
        return row

    # --- elements -------------------------------------------------------------------------

    def _read_data(self, element: ReadData) -> None:
        wanted = self._text("entity")
        changed = wanted in self.records.known and wanted != element.entity
        if changed:
            element.entity, element.columns = wanted, []
        element.by = self._source("by")
        known = self.records.known.get(element.entity)
        if known is not None and not changed:
            element.columns = [name for name in self._many("read") if name in known.columns]

    def _call(self, element: CallWebService) -> list[str]:
        if self._text("form") == "short":
            if element.short is None:
                element.short = WebServiceCall(url="", body="")
                return []
            return self._short(element.short)
        if element.short is not None:
            element.short = None
            return []
        service = self._text("service")
        if service != element.service:
            element.service, element.method, element.parameters = service, "", {}
        known = self.services.one(element.service)
        if known is None:
            return []
        method = self._text("method") or element.method
        if not known.method(method):
            method = known.methods[0].code if len(known.methods) == 1 else ""
        element.method = method
        chosen = known.method(method)
        sources = (
            {each.code: self._source(f"m.{each.code}") for each in chosen.parameters}
            if (chosen)
            else {}
        )
        element.parameters = {code: source for code, source in sources.items() if source.is_set}
        return []

    def _short(self, call: WebServiceCall) -> list[str]:
        method: Any = self._text("http_method")
        call.url = self._text("url")
        call.method = method if method in SHORT_METHODS else call.method
        call.content_type = self._text("content_type") or call.content_type
        call.body = self._text("body")
        if self._text("do") == "insert":
            call.body += self._text("insert")
        problems = []
        for name, words in (("timeout_ms", "Response timeout"), ("retries", "Retries")):
            typed = self._text(name)
            if typed.isdigit() and int(typed) <= 600_000:
                setattr(call, name, int(typed))
            elif typed:
                problems.append(f"{words} is a whole number, not “{typed}”.")
        return problems

    def _flow(self, flow: Flow) -> None:
        flow.title = self._text("title") or flow.title
        if "default" in self.form:
            make_default(gateway_of(self.process, flow), flow)
            return
        flow.default = False
        operator: Any = self._text("operator")
        known = get_args(Condition.__annotations__["operator"])
        flow.condition = Condition(
            self._source("left"), operator if operator in known else "eq", self._text("right")
        )
