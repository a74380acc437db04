"""Looks at an embedded server from outside, as its tests need to."""

import asyncio
import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import psutil

from caseway.store.embedded import start
from caseway.store.embedded.server import Embedded

PATIENCE_SECONDS = 60
# A process of its own that uses the server until it is told to leave, or killed.
USER = """
import sys
from pathlib import Path
from caseway.store.embedded import start
embedded = start(Path(sys.argv[1]), {"fsync": "off"})
print(embedded.dsn, flush=True)
sys.stdin.read()
embedded.close()
"""


def ask(dsn: str, sql: str) -> object:
    async def answer() -> object:
        connection = await asyncpg.connect(dsn)
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    return asyncio.run(answer())


def run(dsn: str, sql: str) -> None:
    async def execute() -> None:
        connection = await asyncpg.connect(dsn)
        try:
            await connection.execute(sql)
        finally:
            await connection.close()

    asyncio.run(execute())


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def postmaster(folder: Path) -> int:
    """The pid in the file: fine in a test, which knows that the server lives."""
    text = (folder / "postgresql" / "cluster" / "postmaster.pid").read_text()
    return int(text.splitlines()[0])


def accepts(dsn: str) -> bool:
    try:
        ask(dsn, "SELECT 1")
    except (OSError, asyncpg.PostgresError):
        return False
    return True


def ended(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def begin(folder: Path) -> Embedded:
    """Without waiting for the disk: what a kill leaves behind does not depend on it."""
    return start(folder, {"fsync": "off"})


@contextlib.contextmanager
def another_user(folder: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", USER, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()
