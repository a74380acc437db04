"""One SQLite connection, used from one thread in short statements; our tables beside Creatio's."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from creatio_sandbox.entities import Entity

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


def table(entity: Entity, known: Mapping[str, Entity]) -> str:
    lines = ['"Id" TEXT PRIMARY KEY NOT NULL']
    for column in entity.columns.values():
        if column.name == "Id":
            continue
        reference = f' REFERENCES "{column.target}"("Id")' if column.target in known else ""
        lines.append(f'"{column.name}" {SQL_TYPES[column.kind]}{reference}')
    statements = [f'CREATE TABLE IF NOT EXISTS "{entity.name}" ({", ".join(lines)});']
    for index in entity.indexes:
        name = f"{entity.name}_{'_'.join(index)}"
        columns = ", ".join(f'"{column}"' for column in index)
        statements.append(f'CREATE INDEX IF NOT EXISTS "{name}" ON "{entity.name}" ({columns});')
    return "\n".join(statements)


class Database:
    def __init__(self, path: str, known: Mapping[str, Entity]) -> None:
        # check_same_thread: one thread at a time is our own promise, also in tests.
        self.connection = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, cached_statements=1024
        )
        self.depth = 0
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"):
            self.connection.execute(f"PRAGMA {pragma}")
        script = "\n".join(table(entity, known) for entity in known.values())
        self.connection.executescript(script + OWN_TABLES)

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

    def snapshot(self) -> sqlite3.Connection:
        copy = sqlite3.connect(":memory:", check_same_thread=False)
        self.connection.backup(copy)
        return copy

    def restore(self, copy: sqlite3.Connection) -> None:
        copy.backup(self.connection)

    def close(self) -> None:
        self.connection.close()
