"""The entities a sandbox knows: read from the files under schema/, never written in code."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

FILES: Final = ("case", "activity", "contact", "timeline", "people")
NAMESPACE: Final = "Terrasoft.Configuration.OData"

# Every entity carries these besides its own.
COMMON: Final = {
    "Id": "guid* = new",
    "CreatedOn": "dt = now",
    "CreatedById": "-> Contact = me",
    "ModifiedOn": "dt = now",
    "ModifiedById": "-> Contact = me",
    "ProcessListeners": "int",
}
EDM: Final = {
    "guid": "Edm.Guid",
    "str": "Edm.String",
    "dt": "Edm.DateTimeOffset",
    "bool": "Edm.Boolean",
    "int": "Edm.Int32",
    "dec": "Edm.Decimal",
    "stream": "Edm.Stream",
}


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    kind: str  # a key of EDM
    target: str | None = None  # the entity a lookup points to
    length: int | None = None  # of a short text
    required: bool = False
    default: str | None = None  # now, me, new, sequence, @Setting, or a literal

    @property
    def edm(self) -> str:
        return EDM[self.kind]

    @property
    def navigation(self) -> str | None:
        """The name by which filters and $expand reach the other record: `Status` of `StatusId`."""
        return self.name.removesuffix("Id") if self.target else None


@dataclass(frozen=True, slots=True)
class Entity:
    name: str
    columns: Mapping[str, Column]  # without streams
    streams: Mapping[str, Column]
    navigations: Mapping[str, Column]
    indexes: tuple[tuple[str, ...], ...]
    uid: str | None

    @property
    def type(self) -> str:
        return f"{NAMESPACE}.{self.name}"


type_of_text = {"str": None, "text": None, "str50": 50, "str250": 250, "str500": 500}


def column(name: str, notation: str) -> Column:
    """Reads one line of a schema file, as in `StatusId = "-> CaseStatus* = @CaseStatusDef"`."""
    head, _, default = notation.partition(" = ")
    required = head.endswith("*")
    head = head.removesuffix("*")
    common: dict[str, Any] = {"required": required, "default": default or None}
    if head.startswith("-> "):
        return Column(name, "guid", target=head[3:], **common)
    if head in type_of_text:
        return Column(name, "str", length=type_of_text[head], **common)
    return Column(name, "dt" if head == "date" else head, **common)


def entity(name: str, table: Mapping[str, Any]) -> Entity:
    columns = [column(n, text) for n, text in {**COMMON, **table["columns"]}.items()]
    rows = {c.name: c for c in columns if c.kind != "stream"}
    return Entity(
        name=name,
        columns=rows,
        streams={c.name: c for c in columns if c.kind == "stream"},
        navigations={c.navigation: c for c in columns if c.navigation},
        indexes=tuple(tuple(index) for index in table.get("indexes", ())),
        uid=table.get("uid"),
    )


@cache
def known_entities() -> Mapping[str, Entity]:
    folder = files(__package__) / "schema"
    tables: dict[str, Any] = {}
    for name in FILES:
        tables |= tomllib.loads((folder / f"{name}.toml").read_text("utf-8"))
    return {name: entity(name, table) for name, table in tables.items()}


def stock_rows() -> Mapping[str, list[dict[str, Any]]]:
    """What a fresh installation holds, by entity."""
    text = (files(__package__) / "schema" / "stock.toml").read_text("utf-8")
    rows: dict[str, list[dict[str, Any]]] = tomllib.loads(text)
    return rows
