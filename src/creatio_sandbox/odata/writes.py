"""POST, PATCH, DELETE, and the bytes of stream columns."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from creatio_sandbox.clock import stamp
from creatio_sandbox.entities import Entity
from creatio_sandbox.failures import Malformed, Missing, NotModelled, UnknownProperty
from creatio_sandbox.ids import EMPTY
from creatio_sandbox.odata.answers import (
    VERSION,
    Answer,
    Call,
    WrongType,
    answer_json,
)
from creatio_sandbox.odata.reads import read_changed, read_created
from creatio_sandbox.records import Author, Records
from creatio_sandbox.values import Stored, stored

FORM = "application/x-www-form-urlencoded"


def read_body(call: Call) -> Mapping[str, Any]:
    """JSON whatever the content type says, unless it says that it is a form."""
    kind = call.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind == FORM:
        raise WrongType(kind)
    try:
        body = msgspec.json.decode(call.body.removeprefix(b"\xef\xbb\xbf"))
    except msgspec.DecodeError as failure:
        raise Malformed(str(failure)) from None
    if not isinstance(body, dict):
        raise Malformed("An entity was expected.")
    return body


def read_columns(records: Records, entity: Entity, body: Mapping[str, Any]) -> dict[str, Stored]:
    """Annotations, navigation properties and a null for bytes are passed over; an empty GUID is
    dropped in silence, so that only null clears a lookup.
    """
    columns: dict[str, Stored] = {}
    for name, value in body.items():
        if "@odata." in name or name in entity.navigations:
            continue
        if name in entity.streams and value is None:
            continue
        column = entity.columns.get(name)
        if column is None and name in records.known.collections(entity.name):
            raise NotModelled(f"records within a record, '{name}' of {entity.name}")
        if column is None and name in entity.streams:
            raise NotModelled(f"bytes within a record, '{name}' of {entity.name}: use PUT")
        if column is None:
            raise UnknownProperty(name, entity.type)
        if column.kind == "guid" and value == EMPTY:
            continue
        columns[name] = stored(column, value)
    return columns


def create(records: Records, entity: Entity, call: Call, by: Author, at: datetime) -> Answer:
    columns = read_columns(records, entity, read_body(call))
    key = records.create(entity.name, columns, by=by, at=at)
    headers = {"Location": f"{call.root}/{entity.name}({key})"}
    if call.prefers("return=minimal"):
        kept = {"OData-EntityId": headers["Location"], "Preference-Applied": "return=minimal"}
        return Answer(204, b"", {**headers, **kept, **VERSION})
    return answer_json(201, read_created(records, entity, key, call, stamp(at)), headers)


def change(
    records: Records, entity: Entity, id: str, call: Call, by: Author, at: datetime
) -> Answer:
    columns = read_columns(records, entity, read_body(call))
    if columns.get("Id", id) != id:
        raise NotModelled("another Id for a record that exists")
    records.change(entity.name, id, columns, by=by, at=at)
    if call.prefers("return=representation"):
        whole = read_changed(records, entity, id, call)
        return answer_json(200, whole, {"Preference-Applied": "return=representation"})
    return Answer(204, b"", VERSION)


def delete(records: Records, entity: Entity, id: str) -> Answer:
    records.delete(entity.name, id)
    return Answer(204, b"", VERSION)


def keep_stream(
    records: Records, entity: Entity, id: str, name: str, content: bytes, by: Author, at: datetime
) -> None:
    """The size is kept beside the bytes where the entity has a column for it."""
    with records.transaction():
        if records.row(entity.name, id) is None:
            raise Missing(f"{entity.name}({id})")
        records.database.run(
            "INSERT OR REPLACE INTO _streams VALUES (?, ?, ?, ?)",
            (entity.name, id, name, content),
        )
        size = {"Size": len(content)} if "Size" in entity.columns else {}
        records.change(entity.name, id, size, by=by, at=at)
