"""Business processes as an administrator draws them: a signal, its filter, a call of a web service.

They are kept as rows; the two that a webhook needs can be made by one call.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal
from uuid import uuid4

import msgspec

from creatio_sandbox import ids
from creatio_sandbox.database import Database
from creatio_sandbox.records import Change, Records

MARK: Final = re.compile(r"\[#(\w+(?:\.\w+)+)#\]")
NEW_REPLY: Final = "5a4d0c10-0000-4000-8000-000000000040"
CASE_CLOSED: Final = "5a4d0c10-0000-4000-8000-000000000041"


class FilterRow(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    """One condition; a list as its value means any of them. Or `any`: one of several rows."""

    column: str = ""  # TypeId, or a path such as Status/IsResolved
    operator: Literal["eq", "ne", "filled", "empty"] = "eq"
    value: Any = None
    any: list["FilterRow"] = []


class Parameter(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    """A body parameter: a constant, or a column of the record that the signal names."""

    value: str | None = None
    column: str | None = None


class WebServiceCall(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    url: str
    method: Literal["POST", "PUT", "PATCH"] = "POST"
    content_type: str = "application/json"
    headers: dict[str, str] = {}
    parameters: dict[str, Parameter] = {}
    body: str | None = None  # in place of parameters: text with marks such as [#Case.Id#]
    timeout_ms: int = 5000
    retries: int = 3  # at once, on an error code or a time-out; never later


class Process(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    object: Literal["Activity", "Case"]
    events: list[Literal["added", "modified"]]
    call: WebServiceCall
    columns: list[str] = []  # of "modified": the changes expected; empty: any
    filters: list[FilterRow] = []
    active: bool = True
    id: str = ""


@dataclass(frozen=True, slots=True)
class Library:
    """The process library. Small, read at each signal: what the page shows is what runs."""

    database: Database

    def all(self) -> list[Process]:
        rows = self.database.all("SELECT body FROM _processes ORDER BY position")
        return [msgspec.json.decode(row[0], type=Process) for row in rows]

    def one(self, id: str) -> Process | None:
        row = self.database.one("SELECT body FROM _processes WHERE id = ?", (id,))
        return None if row is None else msgspec.json.decode(row[0], type=Process)

    def keep(self, process: Process) -> Process:
        kept = msgspec.structs.replace(process, id=process.id or str(uuid4()))
        self.database.run(
            "INSERT INTO _processes VALUES"
            " (?1, (SELECT coalesce(max(position), 0) + 1 FROM _processes), ?2)"
            " ON CONFLICT (id) DO UPDATE SET body = ?2",
            (kept.id, msgspec.json.encode(kept)),
        )
        return kept

    def remove(self, id: str) -> bool:
        return self.database.run("DELETE FROM _processes WHERE id = ?", (id,)) > 0


def value_at(records: Records, entity: str, row: Mapping[str, Any], path: str) -> Any:
    """A column of the record, or of one that it points to: `Status/IsFinal`."""
    first, _, rest = path.partition("/")
    if not rest:
        return row.get(first)
    lookup = records.known[entity].navigations.get(first)
    target = records.known.get(lookup.target or "") if lookup else None
    if lookup is None or target is None or not row.get(lookup.name):
        return None
    found = records.row(target.name, row[lookup.name])
    return None if found is None else value_at(records, target.name, found, rest)


def passes(
    records: Records, entity: str, row: Mapping[str, Any], filters: Sequence[FilterRow]
) -> bool:
    return all(_passes_one(records, entity, row, each) for each in filters)


def _passes_one(records: Records, entity: str, row: Mapping[str, Any], by: FilterRow) -> bool:
    if by.any:
        return any(_passes_one(records, entity, row, each) for each in by.any)
    value = value_at(records, entity, row, by.column)
    wanted = by.value if isinstance(by.value, list) else [by.value]
    match by.operator:
        case "filled":
            return value not in {None, ""}
        case "empty":
            return value in {None, ""}
        case "eq":
            return value in wanted
        case "ne":
            return value not in wanted


def is_signalled(process: Process, change: Change, records: Records) -> bool:
    if not process.active or process.object != change.entity or change.event not in process.events:
        return False
    if change.event == "modified" and process.columns:
        expected = {name for column in process.columns for name in (column, f"{column}Id")}
        if not expected & change.columns:
            return False
    return passes(records, change.entity, change.row, process.filters)


def case_of(entity: str, row: Mapping[str, Any]) -> str | None:
    return row.get("Id") if entity == "Case" else row.get("CaseId")


def body_of(process: Process, records: Records, row: Mapping[str, Any]) -> bytes:
    """The request body. A mark that names nothing stays as it is, as in an unlinked parameter."""
    call = process.call
    if call.body is not None:

        def filled(mark: re.Match[str]) -> str:
            value = _marked(mark[1].split("."), process.object, records, row)
            text = mark[0] if value is _UNKNOWN else "" if value is None else str(value)
            return msgspec.json.encode(text).decode()[1:-1]

        return MARK.sub(filled, call.body).encode()
    parameters = {
        name: parameter.value
        if parameter.column is None
        else (value_at(records, process.object, row, parameter.column) or ids.EMPTY)
        for name, parameter in call.parameters.items()
    }
    return msgspec.json.encode(parameters)


_UNKNOWN: Final = object()


def _marked(path: list[str], entity: str, records: Records, row: Mapping[str, Any]) -> Any:
    """[#Activity.Title#] on an activity; [#Case.Number#] follows its lookup; [#Case.Id#] both."""
    if path[0] == entity:
        path = path[1:]
    known = records.known[entity]
    if len(path) == 1:
        return row[path[0]] if path[0] in known.columns else _UNKNOWN
    lookup = known.navigations.get(path[0])
    if lookup is None or (lookup.target not in records.known and path[1:] != ["Id"]):
        return _UNKNOWN
    if path[1:] == ["Id"]:
        return row.get(lookup.name)
    if path[1] not in records.known[str(lookup.target)].columns:
        return _UNKNOWN
    return value_at(records, entity, row, "/".join(path))


def webhook_processes(url: str, *, not_created_by: str | None = None) -> tuple[Process, Process]:
    """The two processes that a receiver of `new_activity` and `case_closed` asks for."""

    def call(event: str, column: str) -> WebServiceCall:
        parameters = {"event_type": Parameter(value=event), "caseId": Parameter(column=column)}
        return WebServiceCall(url=url, parameters=parameters)

    def except_for(column: str) -> list[FilterRow]:
        return [FilterRow(column, "ne", not_created_by)] if not_created_by else []

    new_reply = Process(
        id=NEW_REPLY,
        name="Webhook: new activity on a case",
        object="Activity",
        events=["added", "modified"],
        columns=["DetailedResult", "Status", "EmailSendStatus"],
        filters=[
            FilterRow("TypeId", "eq", [ids.TASK, ids.EMAIL]),
            FilterRow("CaseId", "filled"),
            *except_for("CreatedById"),
        ],
        call=call("new_activity", "CaseId"),
    )
    case_closed = Process(
        id=CASE_CLOSED,
        name="Webhook: case resolved or closed",
        object="Case",
        events=["modified"],
        columns=["Status"],
        filters=[
            FilterRow(
                any=[
                    FilterRow("Status/IsResolved", "eq", 1),
                    FilterRow("Status/IsFinal", "eq", 1),
                ]
            ),
            *except_for("ModifiedById"),
        ],
        call=call("case_closed", "Id"),
    )
    return new_reply, case_closed
