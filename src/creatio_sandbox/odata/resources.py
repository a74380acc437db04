"""Routes one call, alone or from a batch, to what answers it."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from creatio_sandbox.entities import Entity
from creatio_sandbox.failures import NotModelled, Refused
from creatio_sandbox.odata import properties, reads, writes
from creatio_sandbox.odata.answers import (
    VERSION,
    Answer,
    Call,
    NoRight,
    NoSuchResource,
    WrongMethod,
    refusal,
)
from creatio_sandbox.odata.metadata import metadata
from creatio_sandbox.odata.options import read_options
from creatio_sandbox.odata.paths import unknown_property
from creatio_sandbox.odata.properties import Place
from creatio_sandbox.odata.shapes import reading
from creatio_sandbox.records import Author, Records
from creatio_sandbox.rights import Gate, Operation

GUID: Final = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
ADDRESS: Final = re.compile(
    rf"(?P<set>\w+)(?:\((?P<key>{GUID})\)|/(?P<segment>{GUID}))?(?:/(?P<rest>.+))?"
)
READS: Final = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Resources:
    records: Records
    gate: Gate = field(default_factory=Gate)

    def answer(self, call: Call, by: Author, at: datetime) -> Answer:
        """Never raises for what the caller did wrong."""
        try:
            return self._route(call, by, at)
        except Refused as failure:
            return refusal(failure)

    def _route(self, call: Call, by: Author, at: datetime) -> Answer:
        path = call.path.strip("/")
        known = self.records.known
        if path in {"", "$metadata"}:
            if call.method not in READS:
                raise WrongMethod(call.method)
            read_options(call.query)
            if path and "format" in call.query:
                raise NotModelled("$metadata in another form than XML")
            if path:
                return Answer(200, metadata(known), {"Content-Type": "application/xml", **VERSION})
            return reads.entity_sets(call, tuple(sorted(known)))
        found = ADDRESS.fullmatch(path)
        name = found["set"] if found else re.split(r"[/(]", path)[0]
        entity = known.get(name)
        if entity is None:
            raise NoSuchResource(f"{call.root}/{path}", name)
        if found is None:
            raise NoSuchResource(f"{call.root}/{path}")
        key = (found["key"] or found["segment"] or "").lower()
        if not key:
            return self._collection(entity, found["rest"], call, by, at)
        if found["rest"]:
            place = Place(entity, key, tuple(found["rest"].split("/")))
            return self._part(place, call, by, at)
        return self._one(entity, key, call, by, at)

    def _collection(
        self, entity: Entity, rest: str | None, call: Call, by: Author, at: datetime
    ) -> Answer:
        if rest == "$count" and call.method == "GET":
            self._may_read(by, entity, call)
            return reads.read_count(self.records, entity, call)
        if rest is not None:
            raise NoSuchResource(f"{call.root}/{entity.name}/{rest}")
        match call.method:
            case "GET" | "HEAD":
                self._may_read(by, entity, call)
                return reads.read_collection(self.records, entity, call)
            case "POST":
                read_options(call.query)
                self._may_write(by, entity, "create")
                return writes.create(self.records, entity, call, by, at)
            case other:
                raise WrongMethod(other)

    def _one(self, entity: Entity, key: str, call: Call, by: Author, at: datetime) -> Answer:
        match call.method:
            case "GET" | "HEAD":
                self._may_read(by, entity, call)
                return reads.read_one(self.records, entity, key, call)
            case "PATCH":
                self._may_write(by, entity, "update")
                return writes.change(self.records, entity, key, call, by, at)
            case "DELETE":
                self._may_write(by, entity, "delete")
                return writes.delete(self.records, entity, key)
            case other:
                raise WrongMethod(other)

    def _part(self, place: Place, call: Call, by: Author, at: datetime) -> Answer:
        entity, name = place.entity, place.rest[0]
        if not properties.is_routed(self.records.known, place):
            raise NoSuchResource(f"{call.root}/{call.path}")
        if call.method in READS:
            self.gate.check(by.user, entity.name, "read")
            end = properties.follow(self.records, place)
            if end is None:
                return Answer(204, b"", VERSION)
            self._may_read_behind(by, end, call)
            return properties.read(self.records, end, call)
        if len(place.rest) > 1 and place.rest[1] != "$value":
            raise NoSuchResource(f"{call.root}/{call.path}")
        if call.method in {"PUT", "DELETE"} and name in entity.streams:
            self.gate.check(by.user, entity.name, "update")
            content = call.body if call.method == "PUT" else b""
            writes.keep_stream(self.records, entity, place.id, name, content, by, at)
            return Answer(200 if call.method == "PUT" else 204, b"", VERSION)
        if call.method in {"PUT", "DELETE"} and name not in entity.columns:
            raise unknown_property(name, entity)
        raise WrongMethod(call.method)

    def _may_write(self, by: Author, entity: Entity, operation: Operation) -> None:
        if entity.view is not None:
            raise NoRight(entity.name, self.gate.rights.refused_as)
        self.gate.check(by.user, entity.name, operation)

    def _may_read(self, by: Author, entity: Entity, call: Call) -> None:
        """The entity and everything that is expanded from it."""
        read = reading(self.records.known, entity.name, read_options(call.query))
        for name in read.touched:
            self.gate.check(by.user, name, "read")

    def _may_read_behind(self, by: Author, place: Place, call: Call) -> None:
        self.gate.check(by.user, place.entity.name, "read")
        name, known = place.rest[0], self.records.known
        back = known.collections(place.entity.name).get(name)
        lookup = place.entity.navigations.get(name)
        behind = back.entity if back else lookup.target if lookup else None
        if behind is not None and behind in known:
            self._may_read(by, known[behind], call)
