"""Names in a query, followed through lookups to a column and the joins that reach it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from creatio_sandbox.entities import Collection, Column, Entity, Model
from creatio_sandbox.failures import Broken, NotModelled
from creatio_sandbox.odata.answers import BadQuery

ROOT: Final = "r"


def unknown_property(name: str, entity: Entity) -> BadQuery:
    return BadQuery(f"Could not find a property named '{name}' on type '{entity.type}'.")


@dataclass(slots=True)
class Paths:
    """Each join is named for its path, so that filter, order and expansion share it."""

    model: Model
    root: Entity
    alias: str = ROOT
    joins: dict[str, str] = field(default_factory=dict)
    variables: Mapping[str, "Paths"] = field(default_factory=dict)  # of any and all
    outermost: "Paths | None" = None  # of any and all: the record that is filtered
    depth: int = 0  # of any and all around this

    def column(self, path: tuple[str, ...]) -> tuple[str, Column]:
        """The SQL that reads it, and what it is."""
        scope, path = self._scope(path)
        return scope.column_here(path)

    def column_here(self, path: tuple[str, ...]) -> tuple[str, Column]:
        *steps, last = path
        entity, alias = self.root, self.alias
        for depth, step in enumerate(steps):
            lookup = self._lookup(entity, step)
            if last == "Id" and depth == len(steps) - 1:
                return f'{alias}."{lookup.name}"', lookup
            entity, alias = self.follow(entity, alias, step)
        found = entity.columns.get(last)
        if found is None:
            if last in entity.navigations or last in entity.streams:
                raise NotModelled(f"'{'/'.join(path)}' used as a value")
            if last in self.model.collections(entity.name):
                raise BadQuery(f"The property '{last}' is a collection and has no single value.")
            raise unknown_property(last, entity)
        if found.target is not None:
            text = f"Column by path {'.'.join(path)} not found in schema {self.root.name}"
            raise Broken(text, "Terrasoft.Common.ItemNotFoundException")
        return f'{alias}."{last}"', found

    def collection(self, path: tuple[str, ...]) -> tuple[Collection, str]:
        """The way back that a path ends with, and the alias of the record that it starts from."""
        scope, path = self._scope(path)
        return scope.collection_here(path)

    def collection_here(self, path: tuple[str, ...]) -> tuple[Collection, str]:
        *steps, last = path
        entity, alias = self.root, self.alias
        for step in steps:
            entity, alias = self.follow(entity, alias, step)
        back = self.model.collections(entity.name).get(last)
        if back is None:
            if last in entity.columns or last in entity.navigations:
                raise BadQuery("Any/All may only be used following a collection.")
            raise unknown_property(last, entity)
        return back, alias

    def within(self, back: Collection, variable: str | None) -> "Paths":
        """The paths of what stands in any(…) or all(…)."""
        inner = Paths(
            self.model,
            self.model[back.entity],
            alias=f"c{self.depth + 1}",
            outermost=self.outermost or self,
            depth=self.depth + 1,
        )
        inner.variables = {**self.variables, variable: inner} if variable else self.variables
        return inner

    def _scope(self, path: tuple[str, ...]) -> tuple["Paths", tuple[str, ...]]:
        """A path begins at the variable that it names, or at the record that is filtered."""
        if len(path) > 1 and path[0] in self.variables:
            return self.variables[path[0]], path[1:]
        return self.outermost or self, path

    def follow(self, entity: Entity, alias: str, step: str) -> tuple[Entity, str]:
        lookup = self._lookup(entity, step)
        target = self.model.get(lookup.target or "")
        if target is None:
            raise NotModelled(f"entity '{lookup.target}'")
        joined = f"{alias}__{step}"
        self.joins[joined] = (
            f'LEFT JOIN "{target.name}" AS {joined} ON {joined}."Id" = {alias}."{lookup.name}"'
        )
        return target, joined

    def sources(self) -> str:
        return " ".join((f'FROM "{self.root.name}" AS {self.alias}', *self.joins.values()))

    def _lookup(self, entity: Entity, step: str) -> Column:
        lookup = entity.navigations.get(step)
        if lookup is None:
            if step in entity.columns:
                raise BadQuery(f"The property '{step}' of type '{entity.type}' cannot be followed.")
            raise unknown_property(step, entity)
        return lookup
