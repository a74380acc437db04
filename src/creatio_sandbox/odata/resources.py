"""Routes one call, alone or from a batch, to what answers it."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from creatio_sandbox.entities import Entity
from creatio_sandbox.failures import Refused
from creatio_sandbox.odata import reads, writes
from creatio_sandbox.odata.answers import (
    VERSION,
    Answer,
    Call,
    NoSuchResource,
    WrongMethod,
    refusal,
)
from creatio_sandbox.odata.metadata import metadata
from creatio_sandbox.odata.options import read_options
from creatio_sandbox.odata.paths import unknown_property
from creatio_sandbox.records import Author, Records

GUID: Final = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
ADDRESS: Final = re.compile(
    rf"(?P<set>\w+)(?:\((?P<key>{GUID})\)|/(?P<segment>{GUID}))?(?:/(?P<rest>.+))?"
)


@dataclass(frozen=True, slots=True)
class Resources:
    records: Records

    def answer(self, call: Call, by: Author, at: datetime) -> Answer:
        """Never raises for what the caller did wrong."""
        try:
            return self._route(call, by, at)
        except Refused as failure:
            return refusal(failure)

    def _route(self, call: Call, by: Author, at: datetime) -> Answer:
        path = call.path.strip("/")
        if path in {"", "$metadata"}:
            if call.method not in {"GET", "HEAD"}:
                raise WrongMethod(call.method)
            if path:
                return Answer(200, metadata(), {"Content-Type": "application/xml", **VERSION})
            return reads.entity_sets(call, tuple(sorted(self.records.known)))
        found = ADDRESS.fullmatch(path)
        name = found["set"] if found else re.split(r"[/(]", path)[0]
        entity = self.records.known.get(name)
        if entity is None:
            raise NoSuchResource(f"{call.root}/{path}", name)
        if found is None:
            raise NoSuchResource(f"{call.root}/{path}")
        key = (found["key"] or found["segment"] or "").lower()
        if not key:
            return self._collection(entity, found["rest"], call, by, at)
        if found["rest"]:
            return self._part(entity, key, found["rest"], call, by, at)
        return self._one(entity, key, call, by, at)

    def _collection(
        self, entity: Entity, rest: str | None, call: Call, by: Author, at: datetime
    ) -> Answer:
        if rest == "$count" and call.method == "GET":
            return reads.read_count(self.records.database, entity, call)
        if rest is not None:
            raise NoSuchResource(f"{call.root}/{entity.name}/{rest}")
        match call.method:
            case "GET" | "HEAD":
                return reads.read_collection(self.records.database, entity, call)
            case "POST":
                read_options(call.query)
                return writes.create(self.records, entity, call, by, at)
            case other:
                raise WrongMethod(other)

    def _one(self, entity: Entity, key: str, call: Call, by: Author, at: datetime) -> Answer:
        match call.method:
            case "GET" | "HEAD":
                return reads.read_one(self.records.database, entity, key, call)
            case "PATCH":
                return writes.change(self.records, entity, key, call, by, at)
            case "DELETE":
                return writes.delete(self.records, entity, key)
            case other:
                raise WrongMethod(other)

    def _part(
        self, entity: Entity, key: str, rest: str, call: Call, by: Author, at: datetime
    ) -> Answer:
        name, _, tail = rest.partition("/")
        if tail not in {"", "$value"}:
            raise NoSuchResource(f"{call.root}/{call.path}")
        database = self.records.database
        match call.method:
            case "GET" | "HEAD" if name in entity.navigations and not tail:
                return reads.read_navigation(database, entity, key, name, call)
            case "GET" | "HEAD":
                return reads.read_property(database, entity, key, name, call, raw=bool(tail))
            case "PUT" | "DELETE" if name in entity.streams:
                content = call.body if call.method == "PUT" else b""
                writes.keep_stream(self.records, entity, key, name, content, by, at)
                return Answer(200 if call.method == "PUT" else 204, b"", VERSION)
            case "PUT" | "DELETE" if name not in entity.columns:
                raise unknown_property(name, entity)
            case other:
                raise WrongMethod(other)
