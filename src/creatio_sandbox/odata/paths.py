"""Names in a query, followed through lookups to a column and the joins that reach it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from creatio_sandbox.entities import Column, Entity, known_entities
from creatio_sandbox.failures import Broken, NotModelled
from creatio_sandbox.odata.answers import BadQuery

ROOT: Final = "r"


def unknown_property(name: str, entity: Entity) -> BadQuery:
    return BadQuery(f"Could not find a property named '{name}' on type '{entity.type}'.")


@dataclass(slots=True)
class Paths:
    """Each join is named for its path, so that filter, order and expansion share it."""

    root: Entity
    known: Mapping[str, Entity] = field(default_factory=known_entities)
    joins: dict[str, str] = field(default_factory=dict)

    def column(self, path: tuple[str, ...]) -> tuple[str, Column]:
        """The SQL that reads it, and what it is."""
        *steps, last = path
        entity, alias = self.root, ROOT
        for depth, step in enumerate(steps):
            lookup = self._lookup(entity, step)
            if last == "Id" and depth == len(steps) - 1:
                return f'{alias}."{lookup.name}"', lookup
            entity, alias = self.follow(entity, alias, step)
        found = entity.columns.get(last)
        if found is None:
            if last in entity.navigations or last in entity.streams:
                raise NotModelled(f"'{'/'.join(path)}' used as a value")
            raise unknown_property(last, entity)
        if found.target is not None:
            text = f"Column by path {'.'.join(path)} not found in schema {self.root.name}"
            raise Broken(text, "Terrasoft.Common.ItemNotFoundException")
        return f'{alias}."{last}"', found

    def follow(self, entity: Entity, alias: str, step: str) -> tuple[Entity, str]:
        lookup = self._lookup(entity, step)
        target = self.known.get(lookup.target or "")
        if target is None:
            raise NotModelled(f"entity '{lookup.target}'")
        joined = f"{alias}_{step}"
        self.joins[joined] = (
            f'LEFT JOIN "{target.name}" AS {joined} ON {joined}."Id" = {alias}."{lookup.name}"'
        )
        return target, joined

    def sources(self) -> str:
        return " ".join((f'FROM "{self.root.name}" AS {ROOT}', *self.joins.values()))

    def _lookup(self, entity: Entity, step: str) -> Column:
        lookup = entity.navigations.get(step)
        if lookup is None:
            if step in entity.columns:
                raise BadQuery(f"The property '{step}' of type '{entity.type}' cannot be followed.")
            raise unknown_property(step, entity)
        return lookup
