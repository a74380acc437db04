"""From $select and $expand to the columns that are read, and from a row to what is shown."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from creatio_sandbox.entities import Entity, known_entities
from creatio_sandbox.failures import NotModelled
from creatio_sandbox.odata.options import Expansion, Options
from creatio_sandbox.odata.paths import ROOT, Paths, unknown_property
from creatio_sandbox.values import SHOWN


@dataclass(frozen=True, slots=True)
class Shape:
    """How one record is shown. Its first column read is always the Id."""

    entity: Entity
    columns: tuple[tuple[str, Callable[[Any], Any]], ...]
    streams: tuple[str, ...]
    children: tuple[tuple[str, "Shape"], ...]
    context: str  # what stands after $metadata#Entity: "", or (Name,Status(Name))


@dataclass(frozen=True, slots=True)
class Reading:
    shape: Shape
    columns: tuple[str, ...]  # SQL, in the order in which `show` eats them
    joins: dict[str, str]


def _shape(
    entity: Entity,
    select: tuple[str, ...] | None,
    expand: tuple[Expansion, ...],
    alias: str,
    paths: Paths,
    columns: list[str],
) -> Shape:
    for name in select or ():
        if not (name in entity.columns or name in entity.streams or name in entity.navigations):
            raise unknown_property(name, entity)
    chosen = tuple(n for n in entity.columns if select is None or n in select)
    if select is not None:
        chosen = tuple(dict.fromkeys(n for n in select if n in entity.columns))
    columns.append(f'{alias}."Id"')
    columns.extend(f'{alias}."{name}"' for name in chosen)
    children = []
    for each in expand:
        if each.navigation not in entity.navigations:
            if "CollectionBy" in each.navigation:
                raise NotModelled(f"$expand of the collection '{each.navigation}'")
            raise unknown_property(each.navigation, entity)
        target, joined = paths.follow(entity, alias, each.navigation)
        child = _shape(target, each.select, each.inner, joined, paths, columns)
        children.append((each.navigation, child))
    listed = list(select or ()) + [f"{name}{child.context or '()'}" for name, child in children]
    return Shape(
        entity=entity,
        columns=tuple((name, SHOWN[entity.columns[name].kind]) for name in chosen),
        streams=tuple(n for n in entity.streams if select is None or n in select),
        children=tuple(children),
        context=f"({','.join(listed)})" if listed else "",
    )


@lru_cache(maxsize=1024)
def _reading(entity: str, select: tuple[str, ...] | None, expand: tuple[Expansion, ...]) -> Reading:
    paths = Paths(known_entities()[entity])
    columns: list[str] = []
    shape = _shape(paths.root, select, expand, ROOT, paths, columns)
    return Reading(shape, tuple(columns), paths.joins)


def reading(entity: str, options: Options) -> Reading:
    return _reading(entity, options.select, options.expand)


def show(shape: Shape, values: Iterator[Any]) -> dict[str, Any] | None:
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
        row[name] = show(child, values)
    return None if key is None else row
