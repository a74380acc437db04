"""One SQLite connection, used from one thread in short statements; our tables beside Creatio's.

In memory a copy of the beginning is kept, so that a reset takes a millisecond. A file may hold
millions of rows: it is never copied, and a reset empties it.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from creatio_sandbox.entities import Column, Entity, Model

SQL_TYPES: Final = {
    "guid": "TEXT",
    "str": "TEXT NOT NULL DEFAULT '' COLLATE NOCASE",
    "dt": "TEXT",
    "bool": "INTEGER NOT NULL DEFAULT 0",
    "int": "INTEGER NOT NULL DEFAULT 0",
    "dec": "REAL NOT NULL DEFAULT 0",
}
OWN_TABLES: Final = """
CREATE TABLE IF NOT EXISTS _settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS _streams (
    entity TEXT, id TEXT, "column" TEXT, bytes BLOB NOT NULL, PRIMARY KEY (entity, id, "column"));
CREATE TABLE IF NOT EXISTS _processes (id TEXT PRIMARY KEY, position INTEGER, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS _drafts (id TEXT PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS _versions (
    id TEXT, version INTEGER, body BLOB NOT NULL, PRIMARY KEY (id, version));
CREATE TABLE IF NOT EXISTS _services (code TEXT PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS _runs (
    id TEXT PRIMARY KEY, process_id TEXT NOT NULL, case_id TEXT, started TEXT NOT NULL,
    body BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS _runs_by_time ON _runs (started);
CREATE INDEX IF NOT EXISTS _runs_by_case ON _runs (case_id, started);
"""


IN_MEMORY: Final = ":memory:"
CACHE_KIB: Final = 64 * 1024
MAPPED_BYTES: Final = 1 << 30


def definition(column: Column, model: Model) -> str:
    reference = f' REFERENCES "{column.target}"("Id")' if column.target in model else ""
    return f'"{column.name}" {SQL_TYPES[column.kind]}{reference}'


def table(entity: Entity, model: Model) -> str:
    if entity.view is not None:
        return f'DROP VIEW IF EXISTS "{entity.name}"; CREATE VIEW "{entity.name}" AS {entity.view};'
    lines = ['"Id" TEXT PRIMARY KEY NOT NULL']
    lines += [definition(c, model) for c in entity.columns.values() if c.name != "Id"]
    return f'CREATE TABLE IF NOT EXISTS "{entity.name}" ({", ".join(lines)});'


def indexes(entity: Entity) -> Iterator[str]:
    for index in entity.indexes:
        name = f"{entity.name}_{'_'.join(index)}"
        columns = ", ".join(f'"{column}"' for column in index)
        yield f'CREATE INDEX IF NOT EXISTS "{name}" ON "{entity.name}" ({columns});'


def way_back_indexes(entity: Entity, model: Model) -> Iterator[str]:
    """Deleting a record asks who points to it. Lookups to what grows are indexed where filled;
    those that nearly always name the same few people are not, a filter would fall for them.
    """
    led = {index[0] for index in entity.indexes}
    for column in entity.columns.values():
        target = model.get(column.target or "")
        grows = target is not None and bool(target.indexes)
        if grows and column.default is None and column.name not in led:
            yield (
                f'CREATE INDEX IF NOT EXISTS "{entity.name}_to_{column.name}" ON "{entity.name}"'
                f' ("{column.name}") WHERE "{column.name}" IS NOT NULL;'
            )


class Database:
    def __init__(self, path: str, model: Model) -> None:
        # check_same_thread: one thread at a time is our own promise, also in tests.
        self.connection = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, cached_statements=1024
        )
        self.depth = 0
        self.in_memory = path == IN_MEMORY
        pragmas = ["journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"]
        if not self.in_memory:
            pragmas += [f"cache_size = -{CACHE_KIB}", f"mmap_size = {MAPPED_BYTES}"]
        for pragma in pragmas:
            self.connection.execute(f"PRAGMA {pragma}")
        self._make_tables(model)

    def _make_tables(self, model: Model) -> None:
        self.connection.executescript("\n".join(table(e, model) for e in model.values()))
        if not self.in_memory:
            self._add_columns(model)
        made = [statement for e in model.values() for statement in indexes(e)]
        if not self.in_memory:
            stored = [e for e in model.values() if e.view is None]
            made += [statement for e in stored for statement in way_back_indexes(e, model)]
        self.connection.executescript("\n".join(made) + OWN_TABLES)

    def _add_columns(self, model: Model) -> None:
        """A file may be older than the schema file that it is opened with."""
        for entity in (each for each in model.values() if each.view is None):
            there = {row[1] for row in self.all(f'PRAGMA table_info("{entity.name}")')}
            for column in entity.columns.values():
                if column.name not in there:
                    self.run(f'ALTER TABLE "{entity.name}" ADD COLUMN {definition(column, model)}')

    def define(self, name: str, function: Callable[[], str]) -> None:
        """For SQL, as a function without arguments."""
        self.connection.create_function(name, 0, function)

    def one(self, sql: str, values: Any = ()) -> tuple[Any, ...] | None:
        row: tuple[Any, ...] | None = self.connection.execute(sql, values).fetchone()
        return row

    def all(self, sql: str, values: Any = ()) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql, values).fetchall()

    def run(self, sql: str, values: Any = ()) -> int:
        """How many rows it touched."""
        return self.connection.execute(sql, values).rowcount

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Inner ones join the outer: only the outermost commits."""
        if self.depth == 0:
            self.connection.execute("BEGIN IMMEDIATE")
        self.depth += 1
        try:
            yield
        except BaseException:
            self.depth -= 1
            if self.depth == 0:
                self.connection.execute("ROLLBACK")
            raise
        self.depth -= 1
        if self.depth == 0:
            self.connection.execute("COMMIT")

    @contextmanager
    def unchecked(self) -> Iterator[None]:
        """For seeding: rows may name others that come later."""
        self.connection.execute("PRAGMA foreign_keys = OFF")
        try:
            yield
        finally:
            self.connection.execute("PRAGMA foreign_keys = ON")

    def setting(self, name: str) -> str | None:
        row = self.one("SELECT value FROM _settings WHERE name = ?", (name,))
        return None if row is None else str(row[0])

    def keep_setting(self, name: str, value: str) -> None:
        self.run("INSERT OR REPLACE INTO _settings (name, value) VALUES (?, ?)", (name, value))

    def snapshot(self) -> sqlite3.Connection | None:
        """None of a file: emptying it is the only way back."""
        if not self.in_memory:
            return None
        copy = sqlite3.connect(IN_MEMORY, check_same_thread=False)
        self.connection.backup(copy)
        return copy

    def restore(self, copy: sqlite3.Connection) -> None:
        copy.backup(self.connection)

    def empty(self) -> None:
        """Nothing is left but our own settings."""
        named = self.all("SELECT name FROM sqlite_master WHERE type = 'table'")
        with self.unchecked(), self.transaction():
            for (name,) in named:
                if name != "_settings" and not name.startswith("sqlite_"):
                    self.run(f'DELETE FROM "{name}"')

    def close(self) -> None:
        self.connection.close()
