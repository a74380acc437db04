"""From $select and $expand to the columns that are read, and from a row to what is shown."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from creatio_sandbox.entities import Collection, Entity, Model
from creatio_sandbox.odata.answers import BadQuery
from creatio_sandbox.odata.options import Expansion, Options
from creatio_sandbox.odata.paths import ROOT, Paths, unknown_property
from creatio_sandbox.values import SHOWN

ONLY_COLLECTIONS = (
    "The query options $filter, $orderby, $top, $skip and $count can be applied only on "
    "collections."
)


@dataclass(frozen=True, slots=True)
class Shape:
    """How one record is shown. Its first column read is always the Id."""

    entity: Entity
    columns: tuple[tuple[str, Callable[[Any], Any]], ...]
    streams: tuple[str, ...]
    children: tuple[tuple[str, "Shape"], ...]
    collections: tuple[tuple[Collection, Options], ...]
    context: str  # what stands after $metadata#Entity: "", or (Name,Status(Name))


@dataclass(frozen=True, slots=True)
class Reading:
    shape: Shape
    columns: tuple[str, ...]  # SQL, in the order in which `show` eats them
    joins: dict[str, str]
    touched: frozenset[str]  # every entity that is read from


@dataclass(slots=True)
class _Drawing:
    """What grows while a reading is worked out."""

    paths: Paths
    columns: list[str] = field(default_factory=list)
    touched: set[str] = field(default_factory=set)


def _chosen(entity: Entity, select: tuple[str, ...] | None, paths: Paths) -> tuple[str, ...]:
    """The columns of a $select, each once; all without one. Raises for a name nobody knows."""
    if select is None:
        return tuple(entity.columns)
    ways_back = paths.model.collections(entity.name)
    known = (entity.columns, entity.streams, entity.navigations, ways_back)
    for name in select:
        if not any(name in each for each in known):
            raise unknown_property(name, entity)
    return tuple(dict.fromkeys(name for name in select if name in entity.columns))


def _shape(entity: Entity, options: Options, alias: str, drawing: _Drawing) -> Shape:
    chosen = _chosen(entity, options.select, drawing.paths)
    drawing.touched.add(entity.name)
    drawing.columns.append(f'{alias}."Id"')
    drawing.columns.extend(f'{alias}."{name}"' for name in chosen)
    children: list[tuple[str, Shape]] = []
    collections: list[tuple[Collection, Options]] = []
    listed = list(options.select or ())
    ways_back = drawing.paths.model.collections(entity.name)
    for each in options.expand:
        if each.navigation in ways_back:
            back = ways_back[each.navigation]
            many = reading(drawing.paths.model, back.entity, each.options)
            drawing.touched |= many.touched
            collections.append((back, each.options))
            listed.append(f"{back.name}{many.shape.context or '()'}")
        else:
            child = _child(entity, each, alias, drawing)
            children.append((each.navigation, child))
            listed.append(f"{each.navigation}{child.context or '()'}")
    select = options.select
    return Shape(
        entity=entity,
        columns=tuple((name, SHOWN[entity.columns[name].kind]) for name in chosen),
        streams=tuple(n for n in entity.streams if select is None or n in select),
        children=tuple(children),
        collections=tuple(collections),
        context=f"({','.join(listed)})" if listed else "",
    )


def _child(entity: Entity, asked: Expansion, alias: str, drawing: _Drawing) -> Shape:
    if asked.navigation not in entity.navigations:
        raise unknown_property(asked.navigation, entity)
    if asked.options.for_collections:
        raise BadQuery(ONLY_COLLECTIONS)
    target, joined = drawing.paths.follow(entity, alias, asked.navigation)
    return _shape(target, asked.options, joined, drawing)


@lru_cache(maxsize=1024)
def reading(model: Model, entity: str, options: Options) -> Reading:
    """Only $select and $expand of the options matter here."""
    drawing = _Drawing(Paths(model, model[entity]))
    shape = _shape(model[entity], options, ROOT, drawing)
    return Reading(shape, tuple(drawing.columns), drawing.paths.joins, frozenset(drawing.touched))


Fetch = Callable[[Collection, Options, str], dict[str, Any]]


def show(shape: Shape, values: Iterator[Any], fetch: Fetch) -> dict[str, Any] | None:
    """`fetch` reads an expanded collection of the record with that id."""
    key = next(values)
    row = {
        name: value if value is None and key is None else shown(value)
        for (name, shown), value in zip(shape.columns, values, strict=False)
    }
    for name in shape.streams:
        link = f"{shape.entity.name}({key})/{name}"
        row[f"{name}@odata.mediaEditLink"] = link
        row[f"{name}@odata.mediaReadLink"] = link
        row[f"{name}@odata.mediaContentType"] = "application/octet-stream"
    for name, child in shape.children:
        row[name] = show(child, values, fetch)
    if key is not None:
        for back, options in shape.collections:
            row |= fetch(back, options, key)
    return None if key is None else row
