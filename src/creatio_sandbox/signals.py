"""The signal of a start event: which object, which event, which changes, which filter."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

import msgspec

from creatio_sandbox.records import Change, Records

Event = Literal["added", "modified", "deleted"]
Operator = Literal["eq", "ne", "filled", "empty", "contains"]


class FilterRow(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    """One condition; a list as its value means any of them. Or `any`: one of several rows."""

    column: str = ""  # TypeId, or a path such as Status/IsResolved
    operator: Operator = "eq"
    value: Any = None
    any: list["FilterRow"] = []


class Signal(Protocol):
    """What a process says of its start."""

    @property
    def active(self) -> bool: ...
    @property
    def object(self) -> str: ...
    @property
    def events(self) -> Sequence[str]: ...
    @property
    def columns(self) -> Sequence[str]:
        """The changes that `modified` expects; none named: any."""

    @property
    def filters(self) -> Sequence[FilterRow]: ...


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
        case "contains":
            return str(by.value or "").casefold() in str(value or "").casefold()


def is_signalled(signal: Signal, change: Change, records: Records) -> bool:
    if not signal.active or signal.object != change.entity or change.event not in signal.events:
        return False
    if change.event == "modified" and signal.columns:
        expected = {name for column in signal.columns for name in (column, f"{column}Id")}
        if not expected & change.columns:
            return False
    return passes(records, change.entity, change.row, signal.filters)


def case_of(entity: str, row: Mapping[str, Any]) -> str | None:
    return row.get("Id") if entity == "Case" else row.get("CaseId")
