"""What stands behind a record's key: a property or its bare value, bytes, a lookup, a way back."""

from dataclasses import dataclass
from typing import Any, Final

from creatio_sandbox.entities import Entity, Model
from creatio_sandbox.failures import Missing
from creatio_sandbox.odata import reads
from creatio_sandbox.odata.answers import (
    VERSION,
    Answer,
    BadQuery,
    Call,
    NoSuchResource,
    answer_json,
)
from creatio_sandbox.odata.options import Options, read_options
from creatio_sandbox.odata.paths import unknown_property
from creatio_sandbox.records import Records
from creatio_sandbox.values import SHOWN

BYTES: Final = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Place:
    """A record, and the names that follow it in the path."""

    entity: Entity
    id: str
    rest: tuple[str, ...]


def is_routed(model: Model, place: Place) -> bool:
    """Whether the names behind the key can mean anything, whatever the record holds."""
    entity, rest = place.entity, place.rest
    while len(rest) > 1 and rest[0] in entity.navigations and not rest[1].startswith("$"):
        target = model.get(entity.navigations[rest[0]].target or "")
        if target is None:
            return False
        entity, rest = target, rest[1:]
    return rest[1:] in {(), ("$value",), ("$count",)}


def follow(records: Records, place: Place) -> Place | None:
    """`Case(id)/Status/Name` from the case to its status. None where a lookup is empty."""
    while len(place.rest) > 1 and not place.rest[1].startswith("$"):
        found = pointed_at(records, place)
        if found is None:
            return None
        place = found
    return place


def pointed_at(records: Records, place: Place) -> Place | None:
    lookup = place.entity.navigations[place.rest[0]]
    target = records.known.get(lookup.target or "")
    if target is None:
        raise unknown_property(place.rest[0], place.entity)
    named = stored_value(records, place.entity, place.id, lookup.name)
    return None if named is None else Place(target, named, place.rest[1:])


def stored_value(records: Records, entity: Entity, id: str, column: str) -> Any:
    sql = f'SELECT "{column}" FROM "{entity.name}" WHERE "Id" = ?'
    found = records.database.one(sql, (id,))
    if found is None:
        raise Missing(f"{entity.name}({id})")
    return found[0]


def read(records: Records, place: Place, call: Call) -> Answer:
    name, *tail = place.rest
    entity = place.entity
    back = records.known.collections(entity.name).get(name)
    if back is not None and tail != ["$value"]:
        stored_value(records, entity, place.id, "Id")  # a missing record is 404, not empty
        answer = reads.read_count if tail else reads.read_collection
        within = reads.pointing_at(back, place.id)
        return answer(records, records.known[back.entity], call, within)
    if tail == ["$count"]:
        raise NoSuchResource(f"{call.root}/{call.path}")
    if name in entity.navigations and not tail:
        found = pointed_at(records, place)
        if found is None:
            return Answer(204, b"", VERSION)
        return reads.read_one(records, found.entity, found.id, call)
    if name in entity.streams:
        return _read_bytes(records, entity, place.id, name)
    return _read_value(records, place, call, raw=bool(tail))


def _read_bytes(records: Records, entity: Entity, id: str, name: str) -> Answer:
    stored_value(records, entity, id, "Id")
    found = records.database.one(
        'SELECT bytes FROM _streams WHERE entity = ? AND id = ? AND "column" = ?',
        (entity.name, id, name),
    )
    content = bytes(found[0]) if found else b""
    return Answer(200 if content else 204, content, {"Content-Type": BYTES})


def _read_value(records: Records, place: Place, call: Call, *, raw: bool) -> Answer:
    name, entity = place.rest[0], place.entity
    column = entity.columns.get(name)
    if column is None:
        raise unknown_property(name, entity)
    if read_options(call.query) != Options():
        raise BadQuery("A property takes no query options.")
    value = SHOWN[column.kind](stored_value(records, entity, place.id, name))
    if raw:
        text = str(value).lower() if isinstance(value, bool) else str(value)
        return Answer(200, text.encode(), {"Content-Type": "text/plain", **VERSION})
    if column.kind == "dec" and call.wants_decimals_as_text:
        value = str(value)
    where = f"{call.root}/$metadata#{entity.name}({place.id})/{name}"
    return answer_json(200, {"@odata.context": where, "value": value})
