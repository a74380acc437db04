"""The short form of a call: address, method, content type and a body with marks, in one place."""

import re
from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

from creatio_sandbox import ids
from creatio_sandbox.records import Records
from creatio_sandbox.signals import value_at

MARK: Final = re.compile(r"\[#([^#\[\]]+)#\]")
PATH: Final = re.compile(r"\w+(?:\.\w+)+")
UNLINKED: Final = object()


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


def body_of(
    call: WebServiceCall,
    entity: str,
    records: Records,
    row: Mapping[str, Any],
    named: Mapping[str, Any] | None = None,
) -> bytes:
    """The request body. A mark that names nothing stays as it is, as in an unlinked parameter.

    `named` are the results of earlier elements, by the words of their marks.
    """
    if call.body is not None:
        results = named or {}

        def filled(mark: re.Match[str]) -> str:
            name = mark[1].strip()
            value = results[name] if name in results else marked(name, entity, records, row)
            text = mark[0] if value is UNLINKED else said(value)
            return msgspec.json.encode(text).decode()[1:-1]

        return MARK.sub(filled, call.body).encode()
    parameters = {
        name: parameter.value
        if parameter.column is None
        else (value_at(records, entity, row, parameter.column) or ids.EMPTY)
        for name, parameter in call.parameters.items()
    }
    return msgspec.json.encode(parameters)


def said(value: Any) -> str:
    """A value as text, as it stands in addresses, headers and filled marks."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def marked(name: str, entity: str, records: Records, row: Mapping[str, Any]) -> Any:
    """[#Activity.Title#] on an activity; [#Case.Number#] follows its lookup; [#Case.Id#] both."""
    if not PATH.fullmatch(name):
        return UNLINKED
    path = name.split(".")
    if path[0] == entity:
        path = path[1:]
    known = records.known[entity]
    if len(path) == 1:
        return row.get(path[0]) if path[0] in known.columns else UNLINKED
    lookup = known.navigations.get(path[0])
    if lookup is None or (lookup.target not in records.known and path[1:] != ["Id"]):
        return UNLINKED
    if path[1:] == ["Id"]:
        return row.get(lookup.name)
    if path[1] not in records.known[str(lookup.target)].columns:
        return UNLINKED
    return value_at(records, entity, row, "/".join(path))


def as_text(call: WebServiceCall, entity: str) -> WebServiceCall:
    """Its parameters written out as a body with marks, as one types them."""
    if call.body is not None:
        return call
    written = {
        name: parameter.value or ""
        if parameter.column is None
        else f"[#{_mark_of(parameter.column, entity)}#]"
        for name, parameter in call.parameters.items()
    }
    body = msgspec.json.format(msgspec.json.encode(written), indent=2).decode()
    return msgspec.structs.replace(call, body=body, parameters={})


def _mark_of(column: str, entity: str) -> str:
    if column == "Id" or not column.endswith("Id"):
        return f"{entity}.{column.replace('/', '.')}"
    return f"{column.removesuffix('Id')}.Id"
