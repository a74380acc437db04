"""A database in one file, and back, with PostgreSQL's own pg_dump and pg_restore.

The secret keys are not in the file: whoever finds it reads no password and no token in it,
and whoever restores it needs them from elsewhere.
"""

import asyncio
import os
import re
import shutil
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, unquote

import asyncpg

from caseway.store.embedded.binaries import CannotStart, installed
from caseway.store.migrate import current_revision
from caseway.store.roles import ensure_roles

KEYS_NOTE: Final = (
    "The secret keys are not in it: keep secret.key or CASEWAY_SECRET_KEYS apart, "
    "because without them the passwords and tokens in it stay unreadable."
)
TABLE: Final = re.compile(r'(?:dumping contents of|processing data for) table "([^"]+)"')
VERSION: Final = re.compile(r"\(PostgreSQL\) (\d+)")
# Several hosts, some of them IPv6, are more than `urlsplit` takes.
ADDRESS: Final = re.compile(
    r"postgres(?:ql)?://(?:(?P<login>[^/?]*)@)?(?P<hosts>[^/?]*)"
    r"(?:/(?P<database>[^?]*))?(?:\?(?P<query>.*))?"
)
HOST: Final = re.compile(r"(?P<host>\[[^]]*\]|[^:]*)(?::(?P<port>\d*))?")
ERROR_LINES: Final = 5
# How an address's parameters are called in libpq's environment.
VARIABLES: Final[Mapping[str, str]] = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "database": "PGDATABASE",
    "passfile": "PGPASSFILE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "target_session_attrs": "PGTARGETSESSIONATTRS",
}
IS_EMPTY: Final = """
SELECT NOT EXISTS (SELECT FROM pg_tables
                    WHERE schemaname NOT IN ('pg_catalog', 'information_schema'))
"""
EMPTY: Final = """
DROP SCHEMA IF EXISTS queue CASCADE;
DROP SCHEMA public CASCADE;
CREATE SCHEMA public;
GRANT USAGE ON SCHEMA public TO PUBLIC;
"""


class BackupFailed(Exception):
    """Nothing was written, or nothing restored; the text says why."""


@dataclass(frozen=True, slots=True)
class BackupReport:
    file: Path
    size_bytes: int
    revision: str | None  # of the schema in it
    note: str


Progress = Callable[[str], None]  # is told the name of each table as its turn comes


async def backup(dsn: str, file: Path, progress: Progress) -> BackupReport:
    """Write the whole database as it stands at one instant; work goes on meanwhile.

    The file appears under its name only when it is complete. Raises `BackupFailed`.
    """
    if await asyncio.to_thread(file.exists):
        raise BackupFailed(f"{file} exists: choose another name, or remove it.")
    connection = await asyncpg.connect(dsn)
    try:
        revision = await current_revision(connection)
        program = await _program("pg_dump", connection.get_server_version().major)
    finally:
        await connection.close()
    draft = file.with_name(f".{file.name}.part")
    try:
        draft.unlink(missing_ok=True)
        draft.touch(mode=0o600)  # every conversation is in it
    except OSError as failure:
        raise BackupFailed(
            f"{file} cannot be written ({failure.strerror}): choose a place where it can."
        ) from failure
    try:
        await _run([program, "--format=custom", "--no-owner", f"--file={draft}"], dsn, progress)
        size = _flush(draft)
        draft.rename(file)
    finally:
        draft.unlink(missing_ok=True)
    return BackupReport(file, size, revision, KEYS_NOTE)


async def restore(
    dsn: str, file: Path, progress: Progress, *, replace: bool = False
) -> BackupReport:
    """Read a backup into an empty database; with `replace`, into one that is emptied first.

    The restored schema may be older than this version's: migrate afterwards. No Caseway may
    run on the database meanwhile. Raises `BackupFailed`.
    """
    if not await asyncio.to_thread(file.is_file):
        raise BackupFailed(f"{file} is no file.")
    environment = libpq_environment(dsn)
    connection = await asyncpg.connect(dsn)
    try:
        program = await _program("pg_restore", connection.get_server_version().major)
        await _run([program, "--list", str(file)], dsn, progress)  # is it a backup at all?
        if not await connection.fetchval(IS_EMPTY):
            if not replace:
                raise BackupFailed(
                    "The database is not empty: restore into an empty one, or say that what "
                    "is in this one may be lost."
                )
            await connection.execute(EMPTY)
        # CRASH HERE: the database is empty, and the same command fills it.
        await ensure_roles(connection)
        target = f"--dbname={environment['PGDATABASE']}"
        options = ("--no-owner", "--exit-on-error", "--single-transaction", target)
        await _run([program, *options, str(file)], dsn, progress)
        await connection.execute("ANALYZE")  # the file holds rows, not what is known of them
        revision = await current_revision(connection)
    finally:
        await connection.close()
    found = await asyncio.to_thread(file.stat)
    return BackupReport(file, found.st_size, revision, KEYS_NOTE)


def libpq_environment(dsn: str) -> dict[str, str]:
    """The address as libpq's variables: an argument would show the password to everyone."""
    parts = ADDRESS.fullmatch(dsn)
    if parts is None:
        raise BackupFailed("The database's address is not postgresql://user@host/database.")
    user, _, password = (parts["login"] or "").partition(":")
    found = {"user": user, "password": password, "dbname": parts["database"] or ""}
    if parts["hosts"]:
        pairs = [HOST.fullmatch(one) for one in parts["hosts"].split(",")]
        found["host"] = ",".join(pair["host"].strip("[]") for pair in pairs if pair)
        found["port"] = ",".join(pair["port"] or "" for pair in pairs if pair)
    decoded = {name: unquote(value) for name, value in found.items()}
    every = {**decoded, **dict(parse_qsl(parts["query"] or ""))}
    environment = {VARIABLES[name]: every[name] for name in every if name in VARIABLES}
    environment = {name: value for name, value in environment.items() if value.strip(",")}
    if "PGUSER" in environment:  # whose name is also the database's, if none is given
        environment.setdefault("PGDATABASE", environment["PGUSER"])
    return environment


async def _program(name: str, server: int) -> str:
    """Ours, or the machine's if the server is newer than ours: neither reads a newer one."""
    candidates = [shutil.which(name)]
    with suppress(CannotStart):
        candidates.insert(0, installed().program(name))
    for candidate in candidates:
        if candidate is None:
            continue
        asked = await asyncio.create_subprocess_exec(
            candidate, "--version", stdout=asyncio.subprocess.PIPE
        )
        told, _ = await asked.communicate()
        version = VERSION.search(told.decode(errors="replace"))
        if version and int(version[1]) >= server:
            return candidate
    raise BackupFailed(f"No {name} of PostgreSQL {server} or newer is here: install one.")


async def _run(command: list[str], dsn: str, progress: Progress) -> None:
    """Run one of PostgreSQL's programs; it ends with us."""
    running = await asyncio.create_subprocess_exec(
        *(command[0], "--verbose", *command[1:]),
        env={**os.environ, "LC_ALL": "C", **libpq_environment(dsn)},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    last: deque[str] = deque(maxlen=ERROR_LINES)
    try:
        if running.stderr is not None:
            async for line in running.stderr:
                text = line.decode(errors="replace").strip()
                last.append(text)
                if table := TABLE.search(text):
                    progress(table[1])
        code = await running.wait()
    finally:
        if running.returncode is None:
            running.kill()
            await running.wait()
    if code:
        complaints = [text for text in last if "error:" in text] or list(last)
        raise BackupFailed(" / ".join(complaints))


def _flush(file: Path) -> int:
    """Bring the file to the disk; returns its size."""
    handle = os.open(file, os.O_RDONLY)
    try:
        os.fsync(handle)
        return os.fstat(handle).st_size
    finally:
        os.close(handle)
