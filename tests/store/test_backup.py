"""What a backup holds comes back whole, and nothing is lost by a wrong command."""

import asyncio
import stat
from pathlib import Path

import asyncpg
import pytest

from caseway.store.backup import BackupFailed, backup, libpq_environment, restore
from caseway.store.migrate import HEAD, migrate
from caseway.store.roles import Role
from tests.database import Database

KEEP = "INSERT INTO organisation (id, name) VALUES (gen_random_uuid(), $1)"


async def organisations(dsn: str, role: Role | None = None) -> list[str]:
    connection = await asyncpg.connect(dsn, server_settings={"role": str(role)} if role else {})
    try:
        rows = await connection.fetch("SELECT name FROM organisation ORDER BY name")
        return [row["name"] for row in rows]
    finally:
        await connection.close()


async def keep(dsn: str, name: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(KEEP, name)
    finally:
        await connection.close()


async def test_a_backup_comes_back_with_its_rights(
    database: Database, empty_database: Database, tmp_path: Path
) -> None:
    await keep(database.dsn, "Ada & Søns")
    file = tmp_path / "caseway.backup"
    dumped: list[str] = []
    restored: list[str] = []

    written = await backup(database.dsn, file, dumped.append)
    read = await restore(empty_database.dsn, file, restored.append)

    assert await organisations(empty_database.dsn) == ["Ada & Søns"]
    assert await organisations(empty_database.dsn, Role.SYNC) == ["Ada & Søns"]
    assert await organisations(empty_database.dsn, Role.WEB) == []  # the policy came along
    assert written.revision == read.revision == HEAD
    assert written.size_bytes == file.stat().st_size > 0
    assert "public.organisation" in dumped
    assert sorted(dumped) == sorted(restored)
    assert await migrate(empty_database.dsn) == []


async def test_the_file_is_ours_alone_and_the_report_speaks_of_the_keys(
    database: Database, tmp_path: Path
) -> None:
    file = tmp_path / "caseway.backup"
    report = await backup(database.dsn, file, lambda _table: None)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file]
    assert "secret.key" in report.note


async def test_a_backup_does_not_overwrite(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "caseway.backup"
    file.write_text("yesterday's")
    with pytest.raises(BackupFailed, match="exists"):
        await backup(database.dsn, file, lambda _table: None)
    assert file.read_text() == "yesterday's"


async def test_a_database_with_anything_in_it_is_not_replaced_unasked(
    database: Database, empty_database: Database, tmp_path: Path
) -> None:
    await keep(database.dsn, "kept")
    file = tmp_path / "caseway.backup"
    await backup(database.dsn, file, lambda _table: None)
    await migrate(empty_database.dsn)
    await keep(empty_database.dsn, "here before")

    with pytest.raises(BackupFailed, match="not empty"):
        await restore(empty_database.dsn, file, lambda _table: None)
    assert await organisations(empty_database.dsn) == ["here before"]

    await restore(empty_database.dsn, file, lambda _table: None, replace=True)
    assert await organisations(empty_database.dsn, Role.SYNC) == ["kept"]
    again = tmp_path / "again.backup"
    await backup(empty_database.dsn, again, lambda _table: None)
    await restore(database.dsn, again, lambda _table: None, replace=True)
    assert await organisations(database.dsn) == ["kept"]


async def test_what_is_no_backup_empties_nothing(database: Database, tmp_path: Path) -> None:
    await keep(database.dsn, "kept")
    file = tmp_path / "caseway.backup"
    file.write_text("not a backup")
    with pytest.raises(BackupFailed, match="error"):
        await restore(database.dsn, file, lambda _table: None, replace=True)
    with pytest.raises(BackupFailed, match="is no file"):
        await restore(database.dsn, tmp_path / "missing", lambda _table: None, replace=True)
    assert await organisations(database.dsn) == ["kept"]


async def test_a_backup_that_is_cut_short_leaves_no_file(
    database: Database, tmp_path: Path
) -> None:
    started = asyncio.Event()
    file = tmp_path / "caseway.backup"
    writing = asyncio.create_task(backup(database.dsn, file, lambda _table: started.set()))
    await started.wait()
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("dsn", "expected"),
    [
        (
            "postgresql://caseway@/caseway?host=%2Ftmp%2Fa%20b",
            {"PGUSER": "caseway", "PGDATABASE": "caseway", "PGHOST": "/tmp/a b"},
        ),
        (
            "postgres://ada:p%40ss%3Aword@db.example:6543/kept?sslmode=verify-full",
            {
                "PGUSER": "ada",
                "PGPASSWORD": "p@ss:word",
                "PGHOST": "db.example",
                "PGPORT": "6543",
                "PGDATABASE": "kept",
                "PGSSLMODE": "verify-full",
            },
        ),
        (
            "postgresql://ada@one,two:6000,[::1]:7000/kept",
            {
                "PGUSER": "ada",
                "PGHOST": "one,two,::1",
                "PGPORT": ",6000,7000",
                "PGDATABASE": "kept",
            },
        ),
        (
            "postgresql://ada@localhost",
            {"PGUSER": "ada", "PGHOST": "localhost", "PGDATABASE": "ada"},
        ),
    ],
)
def test_an_address_becomes_variables_that_nobody_else_sees(
    dsn: str, expected: dict[str, str]
) -> None:
    assert libpq_environment(dsn) == expected
