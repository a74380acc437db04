"""What an entity and its columns are, and the notation in which schema files write them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

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
    view: str | None = None  # the SELECT that gives its rows; nobody writes them

    @property
    def type(self) -> str:
        return f"{NAMESPACE}.{self.name}"


@dataclass(frozen=True, slots=True)
class Collection:
    """The way back along a lookup: `ActivityCollectionByCase` of a case."""

    name: str
    entity: str  # whose records it holds
    column: Column  # by which they point here


class Model(Mapping[str, Entity]):
    """The entities of one sandbox by name. Two are equal only if they are the same, so that what
    is compiled for one is never used for another.
    """

    def __init__(self, entities: Mapping[str, Entity]) -> None:
        self._entities: Final = dict(entities)
        self._collections: Final[dict[str, dict[str, Collection]]] = {n: {} for n in entities}
        for entity in entities.values():
            for step, column in entity.navigations.items():
                if column.target is not None and column.target in entities:
                    back = Collection(f"{entity.name}CollectionBy{step}", entity.name, column)
                    self._collections[column.target][back.name] = back

    def collections(self, entity: str) -> Mapping[str, Collection]:
        return self._collections[entity]

    def __getitem__(self, name: str) -> Entity:
        return self._entities[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entities)

    def __len__(self) -> int:
        return len(self._entities)

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)


LENGTHS: Final = {"str": None, "text": None, "str50": 50, "str250": 250, "str500": 500}


def column(name: str, notation: str) -> Column:
    """Reads one line of a schema file, as in `StatusId = "-> CaseStatus* = @CaseStatusDef"`."""
    head, _, default = notation.partition(" = ")
    required = head.endswith("*")
    head = head.removesuffix("*")
    common: dict[str, Any] = {"required": required, "default": default or None}
    if head.startswith("-> "):
        return Column(name, "guid", target=head[3:], **common)
    if head in LENGTHS:
        return Column(name, "str", length=LENGTHS[head], **common)
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
        view=table.get("view"),
    )
