"""Creating, changing and deleting records as the entity layer over there does it.

Whoever wants to know of a change is told after the commit of the outermost transaction.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from uuid import uuid4

from creatio_sandbox.clock import Clock, stamp
from creatio_sandbox.database import Database
from creatio_sandbox.entities import Column, Model
from creatio_sandbox.failures import Broken, Missing
from creatio_sandbox.values import Stored

Row = dict[str, Any]
POSTGRES: Final = "Npgsql.PostgresException"


@dataclass(frozen=True, slots=True)
class Author:
    """A system user and the contact that CreatedBy and ModifiedBy name."""

    user: str
    contact: str


@dataclass(frozen=True, slots=True)
class Change:
    entity: str
    id: str
    event: str  # added, modified, deleted
    columns: frozenset[str]  # whose value is another than before
    row: Mapping[str, Any]  # as it stands after the change


Rule = Callable[["Records", str, Row | None, Row, str], None]


def _listed(columns: tuple[str, ...], each: str = '"{}"') -> str:
    return ", ".join(each.format(name) for name in columns)


@lru_cache(maxsize=1024)
def _insert(entity: str, columns: tuple[str, ...]) -> str:
    marks = _listed(columns, "?")
    return f'INSERT INTO "{entity}" ({_listed(columns)}) VALUES ({marks})'


@lru_cache(maxsize=1024)
def _update(entity: str, columns: tuple[str, ...]) -> str:
    sets = _listed(columns, '"{}" = ?')
    return f'UPDATE "{entity}" SET {sets} WHERE "Id" = ?'


@lru_cache(maxsize=256)
def _select(entity: str, columns: tuple[str, ...]) -> str:
    return f'SELECT {_listed(columns)} FROM "{entity}" WHERE "Id" = ?'


@dataclass(slots=True)
class Records:
    database: Database
    clock: Clock
    known: Model
    rules: tuple[Rule, ...] = ()  # what the server adds to a save, before it is written
    listeners: list[Callable[[list[Change]], None]] = field(default_factory=list)
    _unpublished: list[Change] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.database.define("creatio_now", lambda: stamp(self.clock.now()))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        try:
            with self.database.transaction():
                yield
        except BaseException:
            if self.database.depth == 0:
                self._unpublished.clear()
            raise
        if self.database.depth == 0 and self._unpublished:
            changes, self._unpublished = self._unpublished, []
            for listener in self.listeners:
                listener(changes)

    @contextmanager
    def silence(self) -> Iterator[None]:
        """Nobody is told of what is written here."""
        listeners, self.listeners = self.listeners, []
        try:
            yield
        finally:
            self.listeners = listeners

    def row(self, entity: str, id: str) -> Row | None:
        columns = tuple(self.known[entity].columns)
        found = self.database.one(_select(entity, columns), (id,))
        return None if found is None else dict(zip(columns, found, strict=True))

    def create(
        self, entity: str, columns: Mapping[str, Stored], *, by: Author, at: datetime
    ) -> str:
        """`columns` in stored form. Defaults, stamps and the server's own rules are added."""
        now = stamp(at)
        row: Row = dict(columns)
        row["CreatedOn"] = row["ModifiedOn"] = now
        row["CreatedById"] = row["ModifiedById"] = by.contact
        with self.transaction():
            for column in self.known[entity].columns.values():
                if column.default is not None and row.get(column.name) is None:
                    row[column.name] = self._default(column, by, now)
            for rule in self.rules:
                rule(self, entity, None, row, now)
            self._check_required(entity, row, row)
            written = {name: value for name, value in row.items() if value is not None}
            self._write(_insert(entity, tuple(written)), tuple(written.values()), entity)
            whole = self.row(entity, row["Id"])
            assert whole is not None  # noqa: S101
            self._unpublished.append(Change(entity, row["Id"], "added", frozenset(written), whole))
        return str(row["Id"])

    def change(
        self, entity: str, id: str, columns: Mapping[str, Stored], *, by: Author, at: datetime
    ) -> None:
        now = stamp(at)
        with self.transaction():
            before = self.row(entity, id)
            if before is None:
                raise Missing(f"{entity}({id})")
            row: Row = {n: v for n, v in columns.items() if n != "Id"}
            for rule in self.rules:
                rule(self, entity, before, row, now)
            self._check_required(entity, row, before | row)
            changed = frozenset(n for n, v in row.items() if before.get(n) != v)
            row["ModifiedOn"], row["ModifiedById"] = now, by.contact
            self._write(_update(entity, tuple(row)), (*row.values(), id), entity)
            self._unpublished.append(Change(entity, id, "modified", changed, before | row))

    def delete(self, entity: str, id: str) -> None:
        with self.transaction():
            before = self.row(entity, id)
            if before is None:
                raise Missing(f"{entity}({id})")
            self._write(f'DELETE FROM "{entity}" WHERE "Id" = ?', (id,), entity)
            self.database.run("DELETE FROM _streams WHERE entity = ? AND id = ?", (entity, id))
            self._unpublished.append(Change(entity, id, "deleted", frozenset(), before))

    def setting(self, code: str, column: str = "GuidValue") -> Any:
        """A system setting's default value, or None."""
        found = self.database.one(
            f'SELECT v."{column}" FROM "SysSettings" s JOIN "SysSettingsValue" v'
            ' ON v."SysSettingsId" = s."Id" WHERE s."Code" = ? AND v."IsDef" = 1',
            (code,),
        )
        return found[0] if found else None

    def _default(self, column: Column, by: Author, now: str) -> Any:
        match column.default:
            case "now":
                return now
            case "me":
                return by.contact
            case "new":
                return str(uuid4())
            case "sequence":
                return None  # a rule gives it
            case "true":
                return 1
            case str(text) if text.startswith("@"):
                return self.setting(text[1:])
            case literal:
                return int(literal or 0) if column.kind == "int" else literal

    def _check_required(self, entity: str, given: Row, whole: Row) -> None:
        for column in self.known[entity].columns.values():
            # Zero and false are values; an empty text or lookup is not.
            if column.required and whole.get(column.name) in {None, ""}:
                if column.kind in {"int", "dec", "bool"} and column.name not in given:
                    continue
                raise Broken(
                    f'Value for column "{column.name}" is required.',
                    "Terrasoft.Core.Entities.EntityColumnValueRequiredException",
                )

    def _write(self, sql: str, values: tuple[Any, ...], entity: str) -> None:
        try:
            self.database.run(sql, values)
        except sqlite3.IntegrityError as failure:
            if failure.sqlite_errorname == "SQLITE_CONSTRAINT_FOREIGNKEY":
                message = (
                    f'23503: insert, update or delete on table "{entity}" violates foreign key'
                )
                raise Broken(f"{message} constraint", POSTGRES) from None
            message = "23505: duplicate key value violates unique constraint"
            raise Broken(f'{message} "PK{entity}Id"', POSTGRES) from None
